import { z } from "zod";

export const idSchema = z.string().min(1).max(64);
export const base64UrlSchema = z.string().regex(/^[A-Za-z0-9_-]*$/, "expected base64url");

/** From the highest rank to the lowest: who moderates may act only on those below. */
export const roles = ["host", "moderator", "speaker", "listener"] as const;
export const roleSchema = z.enum(roles);
export type Role = z.infer<typeof roleSchema>;

/** Somebody in the room. `seat` numbers the stage: unique in the room for as long as it lives, never dealt twice. */
export const memberSchema = z.strictObject({
  participantId: idSchema,
  name: z.string().max(80),
  role: roleSchema,
  /** Null in the audience. */
  seat: z.number().int().min(0).nullable(),
  /** X25519 public key (32 bytes) to seal the room's secret to; null: the member takes no part in encryption. */
  publicKey: base64UrlSchema.max(64).nullable(),
});
export type Member = z.infer<typeof memberSchema>;
