import type { CheckFinding } from "../../contract/provider.ts";
import type { ConformanceCase, Variant } from "../case.ts";
import { equal, ok, rejectsWith, throwsWith } from "../check.ts";
import { conformanceCase } from "../define.ts";
import { listedKeys, textOf } from "../objects.ts";
import { everyOperation } from "../operations.ts";
import { casesOf, runInside } from "../run-inside.ts";
import { sendsNothing } from "../sends-nothing.ts";
import { PUT_AND_GET_CASES } from "./a-put-and-get.ts";
import { KEY_CASES } from "./b-keys.ts";
import { LIST_CASES } from "./h-list.ts";

export const LIFE_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "N01",
    title: "making a provider sends no request, and bad options are InvalidConfig at once",
    level: "core",
    async run(t) {
      const made = await sendsNothing(t, () => t.createProvider());
      equal([made.name, made.bucket], [t.provider.name, t.provider.bucket], "name and bucket of a new instance");
      for (const { what, create } of t.harness.badOptions ?? []) throwsWith("InvalidConfig", create, what);
    },
  }),

  conformanceCase({
    id: "N02",
    title: "two instances with the same options see the same objects, and closing one leaves the other working",
    level: "core",
    async run(t) {
      const key = t.key("shared.txt");
      const [first, second] = [await t.createProvider(), await t.createProvider()];
      await first.put(key, "shared", { signal: t.signal });
      equal(await textOf(t, key, second), "shared", "content that the other instance sees");
      await first.close();
      equal(await textOf(t, key, second), "shared", "content after the first instance was closed");
      equal(await t.provider.exists(key, { signal: t.signal }), true, "exists on the instance of the run");
    },
  }),

  conformanceCase({
    id: "N03",
    title: "close can be said twice, and every operation after it is an InvalidArgument without a request",
    level: "core",
    async run(t) {
      const provider = await t.createProvider();
      await provider.head(t.key("missing"), { signal: t.signal }).catch(() => undefined);
      await provider.close();
      await provider.close();
      for (const { name, call } of everyOperation(t)) {
        const closed = () =>
          rejectsWith("InvalidArgument", () => call(provider, { signal: t.signal }), `${name} after close`);
        const error = await sendsNothing(t, closed);
        ok(/closed/iu.test(error.message), `the error of ${name} after close does not say so: ${error.message}`);
      }
    },
  }),

  conformanceCase({
    id: "N04",
    title: "capabilities are frozen to their leaves, and equal in two instances with the same options",
    level: "core",
    async run(t) {
      equal(unfrozen(t.capabilities, "capabilities"), [], "parts of the capabilities that can be changed");
      const other = await t.createProvider();
      equal(other.capabilities, t.capabilities, "capabilities of another instance");
      equal(other.urlHosts, t.provider.urlHosts, "urlHosts of another instance");
    },
  }),

  conformanceCase({
    id: "N05",
    title:
      "check is ok on a good bucket and writes only when asked; a missing bucket or right is a finding with its fix",
    level: "core",
    asks: ["variant:missingBucket"],
    async run(t) {
      const { signal } = t;
      const read = await t.provider.check({ signal });
      equal([read.ok, errorsOf(read.findings)], [true, []], "check of a good bucket");
      ok(read.findings.length > 0, "a check that says ok names nothing that it looked at");
      const written = await t.provider.check({ write: true, signal });
      equal([written.ok, errorsOf(written.findings)], [true, []], "check with a write");
      ok(
        written.findings.some(({ id }) => id === "write"),
        "a check with a write has no finding `write`",
      );

      const expected: readonly {
        readonly variant: Variant;
        readonly write: boolean;
        readonly ids: readonly string[];
      }[] = [
        { variant: "missingBucket", write: false, ids: ["bucket"] },
        { variant: "forbidden", write: false, ids: ["list", "read", "bucket", "credentials", "permissions"] },
        { variant: "readOnly", write: true, ids: ["write"] },
      ];
      for (const { variant, write, ids } of expected) {
        if (t.harness.without[`variant:${variant}`] !== undefined) continue;
        const report = await (await t.createVariant(variant)).check({ write, signal });
        equal(report.ok, false, `ok of a check with ${variant}`);
        const errors = errorsOf(report.findings);
        ok(
          errors.some(({ id }) => ids.includes(id)),
          `no error among ${ids.join(", ")} with ${variant}`,
        );
        equal(
          errors.filter(({ fix }) => fix === undefined || fix === ""),
          [],
          `errors without a fix, with ${variant}`,
        );
      }
      if (t.harness.without["variant:readOnly"] === undefined) {
        const report = await (await t.createVariant("readOnly")).check({ signal });
        equal(errorsOf(report.findings), [], "errors of a check without a write, with credentials that may only read");
      }
      equal(await listedKeys(t), [], "objects that the checks left");
    },
  }),

  conformanceCase({
    id: "N13",
    title: "a cross-section of the contract holds on the runtime that runs it",
    level: "core",
    async run(t) {
      await runInside(
        t,
        casesOf([...PUT_AND_GET_CASES, ...KEY_CASES, ...LIST_CASES], SMOKE_IDS),
        t.provider,
        "runtime",
      );
    },
  }),
];

/** What no runtime may get wrong: bytes, streams, text, keys and pages. */
const SMOKE_IDS = ["A02", "A05", "A07", "A09", "A21", "B03", "B05", "H04", "H17"];

/** Paths of what is not frozen inside plain data. */
function unfrozen(data: unknown, path: string): readonly string[] {
  if (typeof data !== "object" || data === null) return [];
  const below = Object.entries(data).flatMap(([name, value]) => unfrozen(value, `${path}.${name}`));
  return Object.isFrozen(data) ? below : [path, ...below];
}

function errorsOf(findings: readonly CheckFinding[]): readonly CheckFinding[] {
  return findings.filter(({ level }) => level === "error");
}
