import type { JSX } from "preact";
import { offersFor } from "../rights.ts";
import type { ActOnMember } from "../requests.ts";
import { isMuted, type State } from "../state.ts";
import { roleNames } from "./role-names.ts";
import { GraveButton, Sheet } from "./sheet.tsx";

/** What a moderator may do to somebody. */
export function MemberSheet(props: {
  state: State;
  participantId: string;
  onAct(act: ActOnMember): void;
  onClose(): void;
}): JSX.Element | null {
  const { state, participantId, onAct, onClose } = props;
  const member = [...state.stage, ...state.audience.members].find(
    (one) => one.participantId === participantId,
  );
  if (member === undefined || state.me === null) {
    return (
      <Sheet title="Gone" onClose={onClose}>
        <p>This person is not in the room any more.</p>
      </Sheet>
    );
  }
  return (
    <Sheet title={member.name} onClose={onClose}>
      <p class="hint">{roleNames[member.role]}</p>
      <ul class="rows">
        {offersFor(state.me, member, isMuted(state, participantId)).map(({ act, label, isGrave }) => (
          <li key={act}>
            {isGrave ? (
              <GraveButton
                label={label}
                onConfirm={() => {
                  onAct(act);
                }}
              />
            ) : (
              <button
                type="button"
                class="row-button"
                onClick={() => {
                  onAct(act);
                }}
              >
                {label}
              </button>
            )}
          </li>
        ))}
      </ul>
    </Sheet>
  );
}
