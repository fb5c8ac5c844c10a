import type { JSX } from "preact";
import type { Encryption } from "../state.ts";
import { Sheet } from "./sheet.tsx";

export function EncryptionSheet(props: { encryption: Encryption; onClose(): void }): JSX.Element {
  const { generation, safetyNumber, sealed, opened, refused } = props.encryption;
  const causes = Object.entries(refused);
  return (
    <Sheet title="End-to-end encryption" onClose={props.onClose}>
      {safetyNumber === null ? (
        <p>
          The host has not sent you the room's key yet. Until it comes nothing of yours is sent and nothing is
          played: there is no way around encryption.
        </p>
      ) : (
        <>
          <p>
            Each frame is encrypted in your browser and opened in the listeners'. Read this number out loud:
            whoever sees the same has the same key, and nobody was given another one.
          </p>
          <p class="safety" aria-label="Safety number">
            {safetyNumber.split(" ").map((group) => (
              <span key={group}>{group}</span>
            ))}
          </p>
        </>
      )}
      <dl class="facts">
        <Fact name="Key generation" value={generation === null ? "–" : String(generation)} />
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
