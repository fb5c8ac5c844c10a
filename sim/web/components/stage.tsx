import { ActionsButton } from "./actions-button.tsx";
import type { JSX } from "preact";
import type { Member } from "../../protocol/signalling.ts";
import { offersFor } from "../rights.ts";
import { isMuted, isTalking, type State } from "../state.ts";
import { Avatar } from "./avatar.tsx";
import { Icon } from "./icon.tsx";
import { roleNames } from "./role-names.ts";

/** Quieter is shown as silence, in decibels below overload. */
const quietestDbov = 60;

export function Stage(props: { state: State; onMember(participantId: string): void }): JSX.Element {
  const { state, onMember } = props;
  return (
    <section class="panel stage" aria-labelledby="stage-title">
      <h2 id="stage-title">
        On stage <span class="count">{state.stage.length}</span>
      </h2>
      {state.stage.length === 0 ? (
        <p class="empty">The stage is empty. Whoever comes to speak appears here.</p>
      ) : (
        <ul class="seats">
          {state.stage.map((member) => (
            <Seat key={member.participantId} state={state} member={member} onMember={onMember} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Seat(props: { state: State; member: Member; onMember(participantId: string): void }): JSX.Element {
  const { state, member, onMember } = props;
  const { participantId, name, role } = member;
  const isMe = state.me?.participantId === participantId;
  const muted = isMuted(state, participantId);
  const talking = isTalking(state, participantId);
  const away = state.away.includes(participantId);
  const level = talking ? 1 - (state.talking[participantId] ?? quietestDbov) / quietestDbov : 0;
  const mayAct = state.me !== null && offersFor(state.me, member, muted).length > 0;
  const classes = ["seat", talking ? "talking" : "", away ? "away" : ""].filter(Boolean).join(" ");
  return (
    <li class={classes} aria-label={describe({ name, isMe, role, muted, talking, away })}>
      <Avatar
        participantId={participantId}
        name={name}
        size="large"
        level={Math.min(1, Math.max(0, level))}
      />
      <span class="seat-name" title={name}>
        {name}
      </span>
      <span class={`seat-role ${role}`}>
        {role === "host" ? <Icon name="crown" /> : role === "moderator" ? <Icon name="shield" /> : null}
        {away ? "Reconnecting" : roleNames[role]}
        {isMe ? <span class="you">· you</span> : null}
      </span>
      {muted ? (
        <span class="seat-muted" title="Muted">
          <Icon name="micOff" />
        </span>
      ) : null}
      {mayAct ? (
        <ActionsButton
          name={name}
          className="icon-button seat-more"
          onOpen={() => {
            onMember(participantId);
          }}
        />
      ) : null}
    </li>
  );
}

function describe(seat: {
  name: string;
  isMe: boolean;
  role: string;
  muted: boolean;
  talking: boolean;
  away: boolean;
}): string {
  const { name, isMe, role, muted, talking, away } = seat;
  const how = away ? "reconnecting" : muted ? "muted" : talking ? "talking" : "silent";
  return `${name}${isMe ? " (you)" : ""}, ${role}, ${how}`;
}
