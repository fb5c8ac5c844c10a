import {
  changeRoom,
  type AuditEntry,
  type Ban,
  type Delivery,
  type Invitation,
  type Page,
  type RoomChanges,
  type RoomRecord,
  type RoomState,
  type Store,
} from "./store.ts";

/** Audit entries kept; the oldest go first. */
const maxAuditEntries = 10_000;

/** A store that ends with the process. */
export function createMemoryStore(): Store {
  return new MemoryStore();
}

class MemoryStore implements Store {
  readonly #rooms = new Map<string, RoomRecord>();
  readonly #bans = new ByRoom<Ban>();
  readonly #invitations = new ByRoom<Invitation>();
  readonly #audit: AuditEntry[] = [];
  readonly #deliveries = new Map<string, Delivery>();
  #sequence = 0;

  async getRoom(roomId: string): Promise<RoomRecord | undefined> {
    return this.#rooms.get(roomId);
  }

  async listRooms({
    state,
    ...page
  }: Page<string> & { state?: RoomState | undefined }): Promise<RoomRecord[]> {
    const fitting = [...this.#rooms.values()].filter((room) => state === undefined || room.state === state);
    return pageOf(fitting, page, (room) => room.roomId);
  }

  async countRooms(): Promise<Record<RoomState, number>> {
    const counts = { scheduled: 0, open: 0, ended: 0 };
    for (const { state } of this.#rooms.values()) counts[state]++;
    return counts;
  }

  async createRoom(room: RoomRecord): Promise<boolean> {
    if (this.#rooms.has(room.roomId)) return false;
    this.#rooms.set(room.roomId, { ...room });
    return true;
  }

  async updateRoom(roomId: string, changes: RoomChanges): Promise<RoomRecord | undefined> {
    const room = this.#rooms.get(roomId);
    if (room === undefined || room.state === "ended") return undefined;
    const changed = changeRoom(room, changes);
    this.#rooms.set(roomId, changed);
    return changed;
  }

  async endRoom(roomId: string, atUnixMs: number): Promise<boolean> {
    const room = this.#rooms.get(roomId);
    if (room === undefined || room.state === "ended") return false;
    this.#rooms.set(roomId, { ...room, state: "ended", endedAtUnixMs: atUnixMs });
    return true;
  }

  async addBan(ban: Ban): Promise<void> {
    this.#bans.set(ban);
  }

  async removeBan(roomId: string, participantId: string): Promise<boolean> {
    return this.#bans.delete(roomId, participantId);
  }

  async isBanned(roomId: string, participantId: string, nowUnixMs: number): Promise<boolean> {
    const ban = this.#bans.get(roomId, participantId);
    return ban !== undefined && inForce(ban, nowUnixMs);
  }

  async listBans(roomId: string, nowUnixMs: number, page: Page<string>): Promise<Ban[]> {
    const bans = this.#bans.of(roomId).filter((ban) => inForce(ban, nowUnixMs));
    return pageOf(bans, page, (ban) => ban.participantId);
  }

  async addInvitation(invitation: Invitation): Promise<void> {
    this.#invitations.set(invitation);
  }

  async removeInvitation(roomId: string, participantId: string): Promise<boolean> {
    return this.#invitations.delete(roomId, participantId);
  }

  async hasInvitation(roomId: string, participantId: string): Promise<boolean> {
    return this.#invitations.get(roomId, participantId) !== undefined;
  }

  async listInvitations(roomId: string, page: Page<string>): Promise<Invitation[]> {
    return pageOf(this.#invitations.of(roomId), page, (invitation) => invitation.participantId);
  }

  async appendAudit(entry: Omit<AuditEntry, "sequence">): Promise<AuditEntry> {
    const written = { sequence: ++this.#sequence, ...entry };
    this.#audit.push(written);
    if (this.#audit.length > maxAuditEntries) this.#audit.shift();
    return written;
  }

  async listAudit({
    roomId,
    ...page
  }: Page<number> & { roomId?: string | undefined }): Promise<AuditEntry[]> {
    const fitting = this.#audit.filter((entry) => roomId === undefined || entry.roomId === roomId);
    return pageOf(fitting, page, (entry) => entry.sequence);
  }

  async addDelivery(delivery: Delivery, maxDeliveries: number): Promise<boolean> {
    if (this.#deliveries.size >= maxDeliveries) return false;
    this.#deliveries.set(delivery.deliveryId, { ...delivery });
    return true;
  }

  async dueDeliveries(nowUnixMs: number, limit: number): Promise<Delivery[]> {
    return [...this.#deliveries.values()]
      .filter((delivery) => delivery.nextAttemptUnixMs <= nowUnixMs)
      .toSorted((a, b) => a.nextAttemptUnixMs - b.nextAttemptUnixMs)
      .slice(0, limit);
  }

  async nextDeliveryUnixMs(): Promise<number | undefined> {
    let next: number | undefined;
    for (const { nextAttemptUnixMs } of this.#deliveries.values()) {
      if (next === undefined || nextAttemptUnixMs < next) next = nextAttemptUnixMs;
    }
    return next;
  }

  async postponeDelivery(deliveryId: string, attempts: number, nextAttemptUnixMs: number): Promise<void> {
    const delivery = this.#deliveries.get(deliveryId);
    if (delivery === undefined) return;
    this.#deliveries.set(deliveryId, { ...delivery, attempts, nextAttemptUnixMs });
  }

  async removeDelivery(deliveryId: string): Promise<void> {
    this.#deliveries.delete(deliveryId);
  }

  async countDeliveries(): Promise<number> {
    return this.#deliveries.size;
  }

  async close(): Promise<void> {
    // Nothing is held open.
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** One thing for each participant of each room. */
class ByRoom<Item extends { roomId: string; participantId: string }> {
  readonly #rooms = new Map<string, Map<string, Item>>();

  get(roomId: string, participantId: string): Item | undefined {
    return this.#rooms.get(roomId)?.get(participantId);
  }

  of(roomId: string): Item[] {
    return [...(this.#rooms.get(roomId)?.values() ?? [])];
  }

  set(item: Item): void {
    const room = this.#rooms.get(item.roomId) ?? new Map<string, Item>();
    this.#rooms.set(item.roomId, room.set(item.participantId, { ...item }));
  }

  delete(roomId: string, participantId: string): boolean {
    const room = this.#rooms.get(roomId);
    const found = room?.delete(participantId) ?? false;
    if (room?.size === 0) this.#rooms.delete(roomId);
    return found;
  }
}

function inForce({ untilUnixMs }: Ban, nowUnixMs: number): boolean {
  return untilUnixMs === null || nowUnixMs < untilUnixMs;
}

function pageOf<Item, Key extends string | number>(
  items: Item[],
  { after, limit }: Page<Key>,
  keyOf: (item: Item) => Key,
): Item[] {
  return items
    .filter((item) => after === undefined || keyOf(item) > after)
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    .slice(0, limit);
}
