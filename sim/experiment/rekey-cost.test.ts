import { expect, test } from "vitest";
import { rekeyBytes } from "../e2ee/keys/room-message.ts";
import { rekeyCost } from "./rekey-cost.ts";

test("a leave is answered by one wrap for each who stays, and each of those asked can open it", () => {
  // The leavers that have not left yet get one too.
  expect(rekeyCost(10)).toMatchObject({ listeners: 10, n: 5, bytes: 10 * rekeyBytes });
});
