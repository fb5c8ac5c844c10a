import type { JSX } from "preact";
import type { OverReason } from "../state.ts";
import { Logo } from "./logo.tsx";
import { PageHeading } from "./page-heading.tsx";

const said: Readonly<Record<OverReason, { title: string; text: string; mayReturn: boolean }>> = {
  left: { title: "You have left", text: "The room goes on without you.", mayReturn: true },
  "room-ended": { title: "The room has ended", text: "Thank you for being there.", mayReturn: false },
  kicked: { title: "You were removed", text: "A moderator has removed you from the room.", mayReturn: true },
  banned: { title: "You are banned", text: "A moderator has banned you from the room.", mayReturn: false },
  replaced: {
    title: "You are in elsewhere",
    text: "You have joined from another window, and this one gave way.",
    mayReturn: true,
  },
  "server-shutdown": { title: "The server has stopped", text: "Try again in a while.", mayReturn: true },
  "media-failed": { title: "No sound", text: "The server could not set up your media.", mayReturn: true },
  disconnected: { title: "Connection lost", text: "The way back into the room failed.", mayReturn: true },
};

export function Over(props: { reason: OverReason; onReturn: (() => void) | undefined }): JSX.Element {
  const { title, text, mayReturn } = said[props.reason];
  return (
    <main class="door">
      <Logo />
      <section class="card centred" aria-labelledby="over-title">
        <PageHeading id="over-title">{title}</PageHeading>
        <p>{text}</p>
        {mayReturn && props.onReturn !== undefined ? (
          <button type="button" class="primary wide" onClick={props.onReturn}>
            Join again
          </button>
        ) : null}
      </section>
    </main>
  );
}
