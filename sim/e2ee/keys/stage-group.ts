/**
 * The stage's group by MLS (RFC 9420, ts-mls): one Ed25519 signature key each, key packages by way of the
 * server, and one committer at a time, whoever deals the keys. It carries the room's secret to the stage
 * and says by which signature key each member vouches for rosters.
 */
import {
  acceptAll,
  createApplicationMessage,
  createCommit,
  createGroup,
  decodeMlsMessage,
  defaultCapabilities,
  defaultLifetime,
  emptyPskIndex,
  encodeMlsMessage,
  generateKeyPackageWithKey,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  processPrivateMessage,
  zeroOutUint8Array,
} from "ts-mls";
import type {
  CiphersuiteImpl,
  ClientState,
  KeyPackage,
  MLSMessage,
  PrivateKeyPackage,
  Proposal,
} from "ts-mls";

import { randomBytes, signingKey } from "#primitives";
import { fromUtf8, utf8 } from "../_bytes.ts";
import { E2eeError } from "../errors.ts";
import type { SigningKey } from "../primitives/types.ts";

const suiteName = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519";
const version = "mls10";

export type GroupMember = { readonly participantId: string; readonly signatureKey: Uint8Array };

/** What an MLS message came to. */
export type Processed =
  | { readonly kind: "joined" | "changed" | "refused" }
  | { readonly kind: "key-package" }
  | { readonly kind: "data"; readonly data: Uint8Array };

export type Committed = { readonly commit: Uint8Array; readonly welcome: Uint8Array | undefined };

type OwnPackage = { readonly publicPackage: KeyPackage; readonly privatePackage: PrivateKeyPackage };

export class StageGroup {
  /** Signs rosters too. */
  readonly key: SigningKey;
  readonly #seed: Uint8Array;
  readonly #participantId: string;
  readonly #suite: CiphersuiteImpl;
  #package: OwnPackage | undefined;
  #state: ClientState | undefined;

  private constructor(participantId: string, suite: CiphersuiteImpl) {
    this.#participantId = participantId;
    this.#suite = suite;
    this.#seed = randomBytes(32);
    this.key = signingKey(this.#seed);
  }

  static async create(participantId: string): Promise<StageGroup> {
    return new StageGroup(participantId, await getCiphersuiteImpl(getCiphersuiteFromName(suiteName)));
  }

  get isMember(): boolean {
    return this.#state?.groupActiveState.kind === "active";
  }

  get members(): GroupMember[] {
    return this.#leaves().map(({ participantId, signatureKey }) => ({ participantId, signatureKey }));
  }

  has(participantId: string): boolean {
    return this.#leaves().some((leaf) => leaf.participantId === participantId);
  }

  /** A key package to be added by; it serves once, and the one before it serves no more. */
  async keyPackage(): Promise<Uint8Array> {
    this.#package = await this.#newPackage();
    return encodeMlsMessage({
      version,
      wireformat: "mls_key_package",
      keyPackage: this.#package.publicPackage,
    });
  }

  /** Begins the room's group, with ourselves as the only member. */
  async found(roomId: string): Promise<void> {
    const { publicPackage, privatePackage } = await this.#newPackage();
    this.#state = await createGroup(utf8(roomId), publicPackage, privatePackage, [], this.#suite);
  }

  /** Whose key package this is; null when it is none that holds. */
  static ownerOf(message: Uint8Array): string | null {
    const decoded = decode(message);
    if (decoded?.wireformat !== "mls_key_package") return null;
    const { credential } = decoded.keyPackage.leafNode;
    return credential.credentialType === "basic" ? fromUtf8(credential.identity) : null;
  }

  /**
   * Adds by key packages and removes by id, in one commit; null when there is nothing to do. Rejects with an
   * {@link E2eeError} `bad-key-package` when a package does not hold, and changes nothing then.
   */
  async commit(adds: readonly Uint8Array[], removes: readonly string[]): Promise<Committed | null> {
    const proposals: Proposal[] = [];
    for (const { participantId, index } of this.#leaves()) {
      if (removes.includes(participantId)) {
        proposals.push({ proposalType: "remove", remove: { removed: index } });
      }
    }
    for (const message of adds) {
      const decoded = decode(message);
      if (decoded?.wireformat !== "mls_key_package") throw badKeyPackage();
      proposals.push({ proposalType: "add", add: { keyPackage: decoded.keyPackage } });
    }
    if (proposals.length === 0) return null;
    try {
      const made = await createCommit(
        { state: this.#require(), cipherSuite: this.#suite },
        { extraProposals: proposals, ratchetTreeExtension: true },
      );
      this.#state = made.newState;
      made.consumed.forEach(zeroOutUint8Array);
      const { welcome } = made;
      return {
        commit: encodeMlsMessage(made.commit),
        welcome:
          welcome === undefined
            ? undefined
            : encodeMlsMessage({ version, wireformat: "mls_welcome", welcome }),
      };
    } catch (cause) {
      throw badKeyPackage(cause);
    }
  }

  /** Bytes for all members of the group. */
  async seal(data: Uint8Array): Promise<Uint8Array> {
    const { newState, privateMessage, consumed } = await createApplicationMessage(
      this.#require(),
      data,
      this.#suite,
    );
    this.#state = newState;
    consumed.forEach(zeroOutUint8Array);
    return encodeMlsMessage({ version, wireformat: "mls_private_message", privateMessage });
  }

  /** Takes a message of the group's, or a welcome to it. Never rejects: what does not hold is refused and changes nothing. */
  async process(message: Uint8Array): Promise<Processed> {
    const decoded = decode(message);
    try {
      switch (decoded?.wireformat) {
        case "mls_key_package":
          return { kind: "key-package" };
        case "mls_welcome": {
          if (this.#package === undefined) return { kind: "refused" };
          const { publicPackage, privatePackage } = this.#package;
          const { welcome } = decoded;
          this.#state = await joinGroup(welcome, publicPackage, privatePackage, emptyPskIndex, this.#suite);
          this.#package = undefined;
          return { kind: "joined" };
        }
        case "mls_private_message": {
          const { privateMessage } = decoded;
          const state = this.#require();
          const done = await processPrivateMessage(
            state,
            privateMessage,
            emptyPskIndex,
            this.#suite,
            acceptAll,
          );
          this.#state = done.newState;
          done.consumed.forEach(zeroOutUint8Array);
          return done.kind === "newState" ? { kind: "changed" } : { kind: "data", data: done.message };
        }
        case "mls_public_message":
        case "mls_group_info":
        case undefined:
          return { kind: "refused" };
      }
    } catch {
      return { kind: "refused" };
    }
  }

  #newPackage(): Promise<OwnPackage> {
    return generateKeyPackageWithKey(
      { credentialType: "basic", identity: utf8(this.#participantId) },
      defaultCapabilities(),
      defaultLifetime,
      [],
      { signKey: this.#seed, publicKey: Uint8Array.from(this.key.publicKey) },
      this.#suite,
    );
  }

  #require(): ClientState {
    if (this.#state === undefined) throw new E2eeError("not-in-group", "we are not in the stage's group");
    return this.#state;
  }

  #leaves(): (GroupMember & { readonly index: number })[] {
    return (this.#state?.ratchetTree ?? []).flatMap((node, nodeIndex) => {
      if (node?.nodeType !== "leaf" || node.leaf.credential.credentialType !== "basic") return [];
      const participantId = fromUtf8(node.leaf.credential.identity);
      // Leaves are the nodes of even index (RFC 9420 appendix C).
      return [{ participantId, signatureKey: node.leaf.signaturePublicKey, index: nodeIndex / 2 }];
    });
  }
}

function decode(message: Uint8Array): MLSMessage | undefined {
  try {
    return decodeMlsMessage(message, 0)?.[0];
  } catch {
    return undefined;
  }
}

function badKeyPackage(cause?: unknown): E2eeError {
  return new E2eeError("bad-key-package", "a key package for the stage's group does not hold", { cause });
}
