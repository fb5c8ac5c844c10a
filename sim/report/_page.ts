/**
 * One HTML file, no script, nothing fetched. Whatever comes from outside is escaped, and a
 * Content-Security-Policy forbids what would slip through.
 */
import type { Outcome } from "../protocol/result.ts";
import { Html, html } from "./_html.ts";
import { style } from "./_style.ts";

const iconColors: Record<Outcome, string> = { PASS: "17753e", FAIL: "c0281c", INVALID: "8f6000" };

export type Page = {
  title: string;
  /** The colour of the heading and of the icon. */
  tone: Outcome;
  header: Html;
  main: Html;
  footer: Html;
};

export function page({ title, tone, header, main, footer }: Page): string {
  const icon = `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%23${iconColors[tone]}'/%3E%3C/svg%3E`;
  const whole = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <title>${title}</title>
        <link rel="icon" href="${new Html(icon)}" />
        <style>
          ${new Html(style)}
        </style>
      </head>
      <body class="${tone}">
        ${header}
        <main>${main}</main>
        <footer>${footer}</footer>
      </body>
    </html>`;
  return `${whole.text.replace(/\n\s+/g, "\n")}\n`;
}
