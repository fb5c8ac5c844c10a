import type { ComponentChildren, JSX } from "preact";
import type { Requests } from "../requests.ts";
import { hostOf, nameOf, type State } from "../state.ts";

/** What waits for an answer, and what is out of order. */
export function Banners({ state, requests }: { state: State; requests: Requests }): JSX.Element {
  const { invitedBy, unmuteAskedBy, me, claimant } = state;
  return (
    <div class="banners" aria-live="assertive">
      {state.connection === "reconnecting" ? (
        <Banner label="Connection" tone="fair">
          <p>The connection is lost. Coming back…</p>
        </Banner>
      ) : null}
      {invitedBy === null ? null : (
        <Banner label="Invitation to the stage" tone="accent">
          <p>
            <strong>{nameOf(state, invitedBy)}</strong> invites you to the stage. You come up muted.
          </p>
          <button type="button" class="small primary" onClick={() => void requests.acceptStage()}>
            Accept
          </button>
          <button type="button" class="small quiet" onClick={() => void requests.declineStage()}>
            Decline
          </button>
        </Banner>
      )}
      {unmuteAskedBy === null || state.microphone === "live" ? null : (
        <Banner label="Request to unmute" tone="accent">
          <p>
            <strong>{nameOf(state, unmuteAskedBy)}</strong> asks you to unmute.
          </p>
          <button type="button" class="small primary" onClick={() => void requests.unmute()}>
            Unmute now
          </button>
        </Banner>
      )}
      {hostOf(state) === undefined && claimant !== null && claimant === me?.participantId ? (
        <Banner label="The room has no host" tone="accent">
          <p>The host is gone, and it is your turn.</p>
          <button type="button" class="small primary" onClick={() => void requests.claimHost()}>
            Become the host
          </button>
        </Banner>
      ) : null}
    </div>
  );
}

function Banner(props: { label: string; tone: "accent" | "fair"; children: ComponentChildren }): JSX.Element {
  return (
    <section class={`banner ${props.tone}`} aria-label={props.label}>
      {props.children}
    </section>
  );
}
