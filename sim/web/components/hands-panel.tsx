import type { JSX } from "preact";
import { moderates } from "../rights.ts";
import type { Requests } from "../requests.ts";
import type { State } from "../state.ts";
import { Avatar } from "./avatar.tsx";

/** For those on the stage: who wants to speak, in the order in which the hands went up. */
export function HandsPanel({ state, requests }: { state: State; requests: Requests }): JSX.Element {
  const mayAct = state.me !== null && moderates(state.me.role);
  return (
    <section class="panel" aria-labelledby="hands-title">
      <h2 id="hands-title">
        Raised hands <span class="count">{state.hands.length}</span>
      </h2>
      {state.hands.length === 0 ? (
        <p class="empty">No hand is up. Listeners who want to speak appear here.</p>
      ) : (
        <ol class="people">
          {state.hands.map(({ participantId, name }) => (
            <li key={participantId}>
              <Avatar participantId={participantId} name={name} size="small" />
              <span class="person-name">{name}</span>
              {mayAct ? (
                <span class="person-actions">
                  <button
                    type="button"
                    class="small primary"
                    aria-label={`Invite ${name} to the stage`}
                    onClick={() => void requests.act("inviteToStage", participantId)}
                  >
                    Invite
                  </button>
                  <button
                    type="button"
                    class="small quiet"
                    aria-label={`Lower the hand of ${name}`}
                    onClick={() => void requests.lowerHand(participantId)}
                  >
                    Lower
                  </button>
                </span>
              ) : null}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
