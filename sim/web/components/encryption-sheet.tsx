import type { ComponentChildren, JSX } from "preact";
import { epochOf, stepOf } from "../../e2ee/keys/kid.ts";
import type { Encryption } from "../state.ts";
import { Icon } from "./icon.tsx";
import { Sheet } from "./sheet.tsx";

export function EncryptionSheet(props: { encryption: Encryption; onClose(): void }): JSX.Element {
  const { generation, safetyNumber, sealed, opened, refused } = props.encryption;
  const { isDealer, isImpersonated, unannounced } = props.encryption;
  const causes = Object.entries(refused);
  return (
    <Sheet title="End-to-end encryption" onClose={props.onClose}>
      {isImpersonated ? (
        <Warning>
          Somebody is on the stage in your name, with a key that is not yours. Say so, and leave.
        </Warning>
      ) : null}
      {unannounced.length > 0 ? (
        <Warning>
          The stage's keys are given to {unannounced.join(", ")}, whom the server does not show. For a moment
          that may be; if it stays so, somebody listens in secret.
        </Warning>
      ) : null}
      {generation === null || safetyNumber === null ? (
        <p>
          You have not been given the room's key yet. Until it comes nothing of yours is sent and nothing is
          played: there is no way around encryption.
        </p>
      ) : (
        <>
          <p>
            Each frame is encrypted in your browser and opened in the listeners'. Read this number out loud:
            whoever sees the same knows the same people on the stage by the same keys. It changes when
            somebody comes to the stage or leaves it.
          </p>
          <p class="safety" aria-label="Safety number">
            {safetyNumber.split(" ").map((group) => (
              <span key={group}>{group}</span>
            ))}
          </p>
        </>
      )}
      <dl class="facts">
        <Fact name="Key" value={keyName(generation)} />
        <Fact name="Keys dealt by" value={isDealer ? "you" : "another on the stage"} />
        <Fact name="Sealed by you" value={`${sealed.toLocaleString("en")} frames`} />
        <Fact name="Opened by you" value={`${opened.toLocaleString("en")} frames`} />
        {causes.map(([cause, count]) => (
          <Fact
            key={cause}
            name={`Dropped: ${causeNames[cause] ?? cause}`}
            value={`${count.toLocaleString("en")} frames`}
          />
        ))}
      </dl>
    </Sheet>
  );
}

/** A generation is an epoch and a step of it (sim/e2ee/keys/kid.ts). */
function keyName(generation: number | null): string {
  return generation === null ? "–" : `${epochOf(generation)}, step ${stepOf(generation)}`;
}

function Warning(props: { children: ComponentChildren }): JSX.Element {
  return (
    <p class="problem" role="alert">
      <Icon name="warn" /> <span>{props.children}</span>
    </p>
  );
}

function Fact({ name, value }: { name: string; value: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

const causeNames: Readonly<Record<string, string>> = {
  "no-key": "before your key",
  "unknown-key": "before their key",
  malformed: "not encrypted",
  authentication: "forged or garbled",
  replay: "sent again",
};
