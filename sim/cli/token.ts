import { Command, InvalidArgumentError, Option } from "commander";
import { roles, tokenClaimsSchema, type Role } from "../protocol/signalling.ts";
import { mintToken } from "../protocol/token.ts";
import { parseCount } from "./arguments.ts";
import { tokenSecret } from "./token-secret.ts";

type TokenFlags = {
  room: string;
  role: Role;
  name: string;
  id?: string;
  hours: number;
  server: URL;
  bare?: true;
};

const { sub: idSchema, room: roomSchema, name: nameSchema } = tokenClaimsSchema.shape;

/** Mints what lets a person in; with the secret that the server has. */
export function tokenCommand(root: string): Command {
  return new Command("token")
    .description("Makes the link by which somebody comes into a room with a browser.")
    .requiredOption("--name <name>", "who it is for; the others see it", parser(nameSchema.min(1)))
    .option("--room <room>", "which room", parser(roomSchema), "rehearsal")
    .addOption(new Option("--role <role>", "as what").choices(roles).default("listener"))
    .option("--id <id>", "the account, unique in the room (default: made of the name)", parser(idSchema))
    .option("--hours <hours>", "good for so long", parseCount, 12)
    .option("--server <url>", "where the room server is", parseServer, new URL("http://127.0.0.1:7880"))
    .option("--bare", "the token alone, without a link")
    .addHelpText(
      "after",
      `
The token is signed with SOUNDCHECK_TOKEN_SECRET, or with the development secret under .cache
that a server on loopback has too. It stands after the # of the link, which browsers do not send.`,
    )
    .action(async (flags: TokenFlags) => {
      const { room, role, name, id = idOf(name), hours, server, bare } = flags;
      const secret = tokenSecret(root, "localhost");
      const token = await mintToken(secret, { sub: id, room, role, name }, hours * 3600);
      process.stdout.write(bare === true ? `${token}\n` : `${new URL("/", server).href}#token=${token}\n`);
    });
}

/** "Ann Lee" is "ann-lee"; a name without a Latin letter or digit is "guest". */
export function idOf(name: string): string {
  const words = name
    .normalize("NFKD")
    .toLowerCase()
    .match(/[a-z0-9]+/g) ?? ["guest"];
  return words.join("-").slice(0, 64);
}

function parser(schema: { safeParse(text: string): { success: boolean } }): (text: string) => string {
  return (text) => {
    if (!schema.safeParse(text).success) throw new InvalidArgumentError("It is empty, or too long.");
    return text;
  };
}

function parseServer(text: string): URL {
  if (!/^https?:/.test(text) || !URL.canParse(text)) {
    throw new InvalidArgumentError("Expected an address such as https://rooms.example.");
  }
  return new URL(text);
}
