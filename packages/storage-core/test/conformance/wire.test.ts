import { expect, test } from "vitest";
import { gzipped } from "../../src/conformance/content.ts";
import type { Fault, FaultControl, FaultRule } from "../../src/conformance/faults.ts";
import { runSuite } from "../../src/conformance/run-suite.ts";
import type { StorageProvider } from "../../src/contract/provider.ts";
import { StorageError } from "../../src/errors/storage-error.ts";
import { memoryHarness } from "./memory-harness.ts";
import { reopened, wholeOf } from "./mutants.ts";

/** Cases that disturb the bodies of answers and requests. The adapters run them against a real proxy. */
const CASES = ["F05", "F06", "F08", "F09"];

test("a provider that passes on what a bad wire did to its bodies fails F05, F06, F08 and F09", async () => {
  expect(await outcomes("careless")).toEqual(CASES.map((id) => [id, "failed"]));
});

test("a provider that counts, verifies and refuses passes them", async () => {
  expect(await outcomes("careful")).toEqual(CASES.map((id) => [id, "passed"]));
});

async function outcomes(manner: Manner): Promise<readonly (readonly [string, string])[]> {
  const wire = badWire(manner);
  const inner = memoryHarness({ name: manner, around: wire.around, capabilities: { remote: true } });
  const harness = { ...inner, faults: wire.faults, without: {} };
  const report = await runSuite(harness, { only: CASES, levels: ["core", "extended", "stress"] });
  return report.results.map(({ id, outcome }) => [id, outcome] as const);
}

type Manner = "careless" | "careful";

/** Damages bodies between a provider and memory, by the rules of the fault proxy that fit. */
function badWire(manner: Manner): {
  readonly faults: FaultControl;
  readonly around: (inner: StorageProvider) => StorageProvider;
} {
  let rules: FaultRule[] = [];
  const faultFor = (method: string, key: string): Fault | undefined =>
    rules.find(({ match }) => match.method === method && key.includes(match.path ?? ""))?.fault;
  const faults: FaultControl = {
    inject: (rule) => void rules.push(rule),
    clear: () => {
      rules = [];
    },
    seen: () => [],
  };
  const around = (inner: StorageProvider): StorageProvider => ({
    ...inner,
    put: async (key, body, options = {}) => {
      const fault = faultFor("PUT", key);
      if (fault === undefined) return inner.put(key, body, options);
      const { checksum: _, ...unchecked } = options;
      return inner.put(key, await damaged(await wholeOf(body), fault), manner === "careful" ? options : unchecked);
    },
    get: async (key, options) => {
      const result = await inner.get(key, options);
      const fault = faultFor("GET", key);
      if (fault === undefined) return result;
      if (manner === "careful" && fault.kind === "encode") {
        await result.cancel();
        throw new StorageError("Unknown", "the answer has an encoding that was not asked for", { key });
      }
      const bytes = await damaged(await result.bytes(), fault);
      const { checksums: _, ...undigested } = result.info;
      return manner === "careful"
        ? reopened(bytes, result.info, result.range)
        : reopened(bytes, undigested, { offset: result.range.offset, length: bytes.length });
    },
  });
  return { faults, around };
}

async function damaged(bytes: Uint8Array, fault: Fault): Promise<Uint8Array> {
  switch (fault.kind) {
    case "truncate":
      return bytes.slice(0, fault.afterBytes);
    case "extraBytes":
      return Uint8Array.from([...bytes, ...new Uint8Array(fault.count)]);
    case "flipBit":
    case "flipRequestBit":
      return bytes.map((byte, at) => (at === fault.atByte ? byte ^ 1 : byte));
    case "encode":
      return gzipped(bytes);
    default:
      throw new Error(`this wire cannot do ${fault.kind}`);
  }
}
