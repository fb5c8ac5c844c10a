import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Notice } from "../state.ts";
import { Icon } from "./icon.tsx";

const shownForMs = 6000;

/** What happened, for a few seconds; read out by screen readers, what went wrong at once. */
export function Notices(props: { notices: readonly Notice[]; onGone(id: number): void }): JSX.Element {
  const { notices, onGone } = props;
  return (
    <div class="notices">
      <div role="status" aria-label="News">
        {notices
          .filter(({ tone }) => tone !== "bad")
          .map((notice) => (
            <One key={notice.id} notice={notice} onGone={onGone} />
          ))}
      </div>
      <div role="alert" aria-label="Problems">
        {notices
          .filter(({ tone }) => tone === "bad")
          .map((notice) => (
            <One key={notice.id} notice={notice} onGone={onGone} />
          ))}
      </div>
    </div>
  );
}

function One({ notice, onGone }: { notice: Notice; onGone(id: number): void }): JSX.Element {
  const { id, tone, text } = notice;
  useEffect(() => {
    const timer = setTimeout(() => {
      onGone(id);
    }, shownForMs);
    return () => {
      clearTimeout(timer);
    };
  }, [id]);
  return (
    <p class={`notice ${tone}`}>
      {tone === "bad" ? <Icon name="warn" /> : null}
      {text}
    </p>
  );
}
