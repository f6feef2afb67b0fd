import { describe, expect, test } from "vitest";
import { runSuite } from "../../src/conformance/run-suite.ts";
import { StorageError } from "../../src/errors/storage-error.ts";
import { RIGHT, wiredMemoryHarness, type Reactions } from "./wired-memory.ts";

const CASES = ["I11", "L06", "L07", "L08", "L09", "L10", "L11", "L12", "L13", "L14", "M02", "M07"];

/** Adapters that make the wrong thing of a disturbed request. */
const MUTANTS: readonly {
  readonly title: string;
  readonly wrong: Partial<Reactions>;
  readonly caughtBy: readonly string[];
}[] = [
  {
    title: "a copy that is answered by an error in a 200 is taken for done, and HTML for an empty listing",
    wrong: { unreadable: () => undefined },
    caughtBy: ["I11", "M07"],
  },
  {
    title: "silence is called an outage at once",
    wrong: { silent: () => Promise.reject(new StorageError("Unavailable", "nobody answers")) },
    caughtBy: ["L06"],
  },
  {
    title: "a body that stalls is given as far as it came",
    wrong: {
      async *stalled(received) {
        yield received;
      },
    },
    caughtBy: ["L07"],
  },
  {
    title: "every status from 500 on is called final",
    wrong: {
      answered: (status, headers) => [RIGHT.answered(status, headers)[0], { status, persistence: "permanent" }],
    },
    caughtBy: ["L08", "L09", "L14", "M02"],
  },
  {
    title: "Retry-After is not read",
    wrong: { answered: (status) => RIGHT.answered(status, {}) },
    caughtBy: ["L09"],
  },
  {
    title: "a broken connection is an unknown error",
    wrong: { broken: () => ["Unknown", {}] },
    caughtBy: ["L10", "L13", "L14"],
  },
  {
    title: "a body that is cut fails for good",
    wrong: {
      async *cut(received) {
        yield received;
        throw new StorageError("Unknown", "something happened");
      },
    },
    caughtBy: ["L11"],
  },
  {
    title: "what came is taken for the range that was asked for",
    wrong: { misplaced: ({ range }) => range },
    caughtBy: ["L12"],
  },
  {
    title: "a lost answer is called a request that was never made",
    wrong: { broken: () => ["Unavailable", { applied: false }] },
    caughtBy: ["L13"],
  },
  {
    title: "every status is an unknown error",
    wrong: { answered: (status) => ["Unknown", { status }] },
    caughtBy: ["L08", "L09", "L14", "M02"],
  },
];

describe("cases that disturb the wire", () => {
  test("hold for an adapter that reacts as it should", async () => {
    expect(await failed(CASES, RIGHT)).toEqual([]);
  });

  for (const { title, wrong, caughtBy } of MUTANTS) {
    test(`notice that ${title}: ${caughtBy.join(", ")}`, async () => {
      expect(await failed(caughtBy, { ...RIGHT, ...wrong })).toEqual(caughtBy);
    });
  }
});

/** Which of these cases fail; all of them run. */
async function failed(only: readonly string[], reactions: Reactions): Promise<readonly string[]> {
  const { results } = await runSuite(wiredMemoryHarness("memory behind a wire", reactions), {
    only,
    levels: ["core", "extended", "stress"],
    timeoutMs: 15_000,
  });
  expect(results.map(({ id }) => id)).toEqual(only);
  return results.filter(({ outcome }) => outcome === "failed").map(({ id }) => id);
}
