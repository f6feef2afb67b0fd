import { describe, expect, it } from "vitest";
import type { Dialect } from "./database/dialect.ts";
import type { RowChange } from "./database/table.ts";
import { swapRows } from "./swap-rows.ts";

const LOCKED = { code: "55P03" };

/** A database that only says which of the rows it takes; how often it was asked is counted. */
function database(isLocked: (row: number, asked: number) => boolean) {
  const seen = { asked: 0 };
  const dialect = {
    write: (work: (writer: unknown) => Promise<unknown>) => work({}),
    isPassing: (error: unknown) => error === LOCKED,
    isAboutTheCell: () => false,
    isAboutPolicies: () => false,
    translate: (error: unknown) => error,
  } as unknown as Dialect;
  const write = (_writer: unknown, part: readonly RowChange[]) => {
    seen.asked += 1;
    if (part.some((row) => isLocked(numberOf(row), seen.asked))) return Promise.reject(LOCKED as unknown as Error);
    return Promise.resolve(part.map(() => ({}) as never));
  };
  return { seen, dialect, write };
}

const rows = (count: number): RowChange[] => Array.from({ length: count }, (_, number) => ({ number }) as never);
const numberOf = (row: RowChange): number => (row as unknown as { number: number }).number;

async function swap(count: number, { dialect, write }: ReturnType<typeof database>) {
  const outcomes = await swapRows(dialect, rows(count), {
    write,
    stage: "rewrite",
    signal: new AbortController().signal,
  });
  expect(outcomes.size).toBe(count);
  return [...outcomes].filter(([, { kind }]) => kind === "refused").map(([row]) => numberOf(row));
}

describe("a batch that meets locks", () => {
  it.each([0, 1, 511, 999])("D3 leaves out row %d alone when that one is locked", async (locked) => {
    expect(
      await swap(
        1000,
        database((row) => row === locked),
      ),
    ).toEqual([locked]);
  });

  it("D3 finds several locked rows", async () => {
    const locked = [3, 4, 500, 998];
    expect(
      await swap(
        1000,
        database((row) => locked.includes(row)),
      ),
    ).toEqual(locked);
  });

  it("D3 does not wait for each row of a table that is locked as a whole", async () => {
    const table = database(() => true);
    expect(await swap(1000, table)).toHaveLength(1000);
    expect(table.seen.asked).toBeLessThan(40);
  });

  it("D3 writes what is left when the table is free again", async () => {
    const refused = await swap(
      1000,
      database((_, asked) => asked <= 18),
    );
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(1000);
  });
});
