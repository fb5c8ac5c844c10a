import type { JSX } from "preact";
import { counted } from "../text.ts";
import { Logo } from "./logo.tsx";
import { PageHeading } from "./page-heading.tsx";

export function Lobby(props: { title: string; waiting: number; onLeave(): void }): JSX.Element {
  return (
    <main class="door">
      <Logo />
      <section class="card centred" aria-labelledby="lobby-title">
        <span class="waves" aria-hidden="true">
          <i />
          <i />
          <i />
          <i />
          <i />
        </span>
        <PageHeading id="lobby-title">Waiting for the host</PageHeading>
        <p>
          <strong>{props.title}</strong> begins when the host is there. You will be let in then.
        </p>
        <p class="hint" role="status">
          {counted(props.waiting, "person waits", "people wait")} in the lobby.
        </p>
        <button type="button" class="quiet wide" onClick={props.onLeave}>
          Leave
        </button>
      </section>
    </main>
  );
}
