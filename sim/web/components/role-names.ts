import type { Role } from "../../protocol/signalling.ts";

export const roleNames: Readonly<Record<Role, string>> = {
  host: "Host",
  moderator: "Moderator",
  speaker: "Speaker",
  listener: "Listener",
};
