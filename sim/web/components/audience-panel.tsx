import { ActionsButton } from "./actions-button.tsx";
import type { JSX } from "preact";
import { offersFor } from "../rights.ts";
import type { Requests } from "../requests.ts";
import type { State } from "../state.ts";
import { counted } from "../text.ts";
import { Avatar } from "./avatar.tsx";
import { Icon } from "./icon.tsx";

const shown = 60;

export function AudiencePanel(props: {
  state: State;
  requests: Requests;
  onMember(participantId: string): void;
}): JSX.Element {
  const { state, onMember } = props;
  const { members, total } = state.audience;
  const listed = members.slice(0, shown);
  return (
    <section class="panel audience" aria-labelledby="audience-title">
      <h2 id="audience-title">
        Audience <span class="count">{total.toLocaleString("en")}</span>
      </h2>
      {total === 0 ? (
        <p class="empty">Nobody listens yet.</p>
      ) : (
        <ul class="people">
          {listed.map((member) => {
            const { participantId, name } = member;
            const isMe = state.me?.participantId === participantId;
            const hasHandUp =
              state.hands.some((hand) => hand.participantId === participantId) || (isMe && state.handRaised);
            const mayAct = state.me !== null && offersFor(state.me, member, true).length > 0;
            return (
              <li key={participantId}>
                <Avatar participantId={participantId} name={name} size="small" />
                <span class="person-name">
                  {name}
                  {isMe ? <span class="you"> (you)</span> : null}
                </span>
                {hasHandUp ? (
                  <span class="hand-up" role="img" aria-label="hand raised">
                    <Icon name="hand" />
                  </span>
                ) : null}
                {mayAct ? (
                  <ActionsButton
                    name={name}
                    onOpen={() => {
                      onMember(participantId);
                    }}
                  />
                ) : null}
              </li>
            );
          })}
        </ul>
      )}
      {total > listed.length && listed.length > 0 ? (
        <p class="hint">and {counted(total - listed.length, "listener more", "listeners more")}</p>
      ) : null}
    </section>
  );
}
