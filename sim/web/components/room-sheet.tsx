import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { visibilities, type RoomChange, type RoomDescription } from "../../protocol/room.ts";
import { moderates } from "../rights.ts";
import type { Requests } from "../requests.ts";
import type { State } from "../state.ts";
import { GraveButton, Sheet } from "./sheet.tsx";

const visibilityNames = {
  public: "Public: whoever has a link",
  social: "Social: whom a member invites",
  private: "Private: whom a moderator invites",
} as const;

/** The room itself: what it is called, who may come, and its end. */
export function RoomSheet(props: { state: State; requests: Requests; onClose(): void }): JSX.Element | null {
  const { state, requests, onClose } = props;
  const { room, me } = state;
  if (room === null || me === null) return null;
  const mayChange = moderates(me.role);
  return (
    <Sheet title="The room" onClose={onClose}>
      {mayChange ? (
        <Settings key={room.roomId} room={room} isHost={me.role === "host"} requests={requests} />
      ) : null}
      <Invite requests={requests} />
      {state.banned.length > 0 ? (
        <section aria-labelledby="banned-title">
          <h3 id="banned-title">Banned by you</h3>
          <ul class="people">
            {state.banned.map(({ participantId, name }) => (
              <li key={participantId}>
                <span class="person-name">{name}</span>
                <button
                  type="button"
                  class="small quiet"
                  aria-label={`Unban ${name}`}
                  onClick={() => void requests.unban(participantId)}
                >
                  Unban
                </button>
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      {me.role === "host" ? (
        <GraveButton label="End the room for all" onConfirm={() => void requests.endRoom()} />
      ) : null}
    </Sheet>
  );
}

function Settings(props: { room: RoomDescription; isHost: boolean; requests: Requests }): JSX.Element {
  const { room, isHost, requests } = props;
  const [title, setTitle] = useState(room.title);
  const [topic, setTopic] = useState(room.topic);
  const [visibility, setVisibility] = useState(room.visibility);
  const [maxAudience, setMaxAudience] = useState(room.maxAudience === null ? "" : String(room.maxAudience));
  const ids = { title: useId(), topic: useId(), visibility: useId(), limit: useId() };
  const save = (): void => {
    const limit = maxAudience === "" ? null : Number(maxAudience);
    const change: RoomChange = {
      ...(title === room.title ? {} : { title }),
      ...(topic === room.topic ? {} : { topic }),
      ...(visibility === room.visibility ? {} : { visibility }),
      ...(limit === room.maxAudience ? {} : { maxAudience: limit }),
    };
    if (Object.keys(change).length > 0) void requests.setRoom(change);
  };
  return (
    <>
      <label class="switch">
        <span>
          Lock the room <span class="hint">nobody new is let in</span>
        </span>
        <input
          type="checkbox"
          role="switch"
          checked={room.locked}
          onChange={(event) => void requests.setRoom({ locked: event.currentTarget.checked })}
        />
      </label>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        <label for={ids.title}>Title</label>
        <input
          id={ids.title}
          type="text"
          maxLength={120}
          value={title}
          onInput={(event) => {
            setTitle(event.currentTarget.value);
          }}
        />
        <label for={ids.topic}>Topic</label>
        <input
          id={ids.topic}
          type="text"
          maxLength={500}
          value={topic}
          onInput={(event) => {
            setTopic(event.currentTarget.value);
          }}
        />
        {isHost ? (
          <>
            <label for={ids.visibility}>Who may come</label>
            <select
              id={ids.visibility}
              value={visibility}
              onChange={(event) => {
                const chosen = event.currentTarget.value;
                setVisibility(visibilities.find((one) => one === chosen) ?? visibility);
              }}
            >
              {visibilities.map((one) => (
                <option key={one} value={one}>
                  {visibilityNames[one]}
                </option>
              ))}
            </select>
            <label for={ids.limit}>Most listeners</label>
            <input
              id={ids.limit}
              type="number"
              min={1}
              max={100_000}
              step={1}
              placeholder="as the server allows"
              value={maxAudience}
              onInput={(event) => {
                setMaxAudience(event.currentTarget.value);
              }}
            />
          </>
        ) : null}
        <button type="submit" class="primary">
          Save
        </button>
      </form>
    </>
  );
}

/** Lets somebody who is not here into a room that asks for an invitation. */
function Invite({ requests }: { requests: Requests }): JSX.Element {
  const [id, setId] = useState("");
  const field = useId();
  return (
    <form
      class="inline"
      onSubmit={(event) => {
        event.preventDefault();
        void requests.act("inviteToRoom", id.trim()).then((isDone) => {
          if (isDone) setId("");
        });
      }}
    >
      <label for={field}>Invite by account</label>
      <div class="field-row">
        <input
          id={field}
          type="text"
          required
          maxLength={64}
          autocomplete="off"
          value={id}
          onInput={(event) => {
            setId(event.currentTarget.value);
          }}
        />
        <button type="submit" class="quiet">
          Invite
        </button>
      </div>
    </form>
  );
}
