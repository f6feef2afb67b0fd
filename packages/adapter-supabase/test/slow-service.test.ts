import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { impatientGateway } from "./impatient-gateway.ts";
import { localSupabase, PIECE_BYTES, someBytes, type LocalSupabase } from "./local-supabase.ts";

const LENGTH = 2 * PIECE_BYTES + 1000;
/** More than any other request of these tests takes, on a busy machine too. */
const HEADERS_TIMEOUT_MS = 2_500;
const SLOW_MS = 3_500;

let local: LocalSupabase;
beforeAll(async () => {
  local = await localSupabase();
});
afterAll(() => local.close());
beforeEach(() => local.proxy.faults.clear());

describe("L06 a service that takes long over an object as a whole", () => {
  it("may finish a large body for longer than any other answer takes, and is not asked meanwhile", async () => {
    const provider = local.make({ headersTimeoutMs: HEADERS_TIMEOUT_MS });
    local.proxy.faults.inject({
      match: { method: "PATCH", path: "/upload/resumable/" },
      times: 1,
      after: 2,
      fault: { kind: "delay", ms: SLOW_MS },
    });
    await provider.put("slow.bin", someBytes(LENGTH));
    const methods = local.proxy.faults.seen().map(({ method }) => method);
    expect(methods.slice(0, 4)).toEqual(["POST", "PATCH", "PATCH", "PATCH"]);
    expect(methods).not.toContain("HEAD");
  }, 60_000);

  it("may copy for longer than any other answer takes", async () => {
    const provider = local.make({ headersTimeoutMs: HEADERS_TIMEOUT_MS });
    await provider.put("from.txt", "slowly");
    local.proxy.faults.inject({ match: { path: "/object/copy" }, times: 1, fault: { kind: "delay", ms: SLOW_MS } });
    await provider.copy("from.txt", "to.txt");
    expect(await (await local.direct.get("to.txt")).text()).toBe("slowly");
  }, 60_000);

  it("L10 is waited for when a gateway gave up waiting and the upload is locked meanwhile", async () => {
    const gateway = await impatientGateway(local.server.url, { lengthBytes: LENGTH, questions: 7 });
    const provider = local.make({ url: gateway.url });
    try {
      const bytes = someBytes(LENGTH, 3);
      const { etag } = await provider.put("impatient.bin", bytes);
      expect(gateway.asked()).toBe(7);
      expect(etag).toBe((await local.direct.head("impatient.bin")).etag);
      expect(Buffer.from(await (await local.direct.get("impatient.bin")).bytes()).equals(bytes)).toBe(true);
    } finally {
      await gateway.close();
    }
  }, 60_000);
});
