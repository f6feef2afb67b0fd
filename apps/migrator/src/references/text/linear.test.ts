import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Route } from "@bucketferry/config";
import { classroomRoutes, OLD } from "../../../test/references/routes.ts";
import { findOccurrences } from "./find-occurrences.ts";
import { hostTable, type HostTable } from "./host-table.ts";

let routes: Route[];
let hosts: HostTable;
beforeAll(async () => {
  routes = await classroomRoutes();
  hosts = hostTable(routes);
});
afterAll(() => Promise.all(routes.map((route) => route.close())));

const IMAGE = `${OLD}/images`;
const filled = (piece: string, length: number): string => piece.repeat(Math.ceil(length / piece.length));

/** Milliseconds of this process's own work; other processes do not count. */
function workMs(text: string): number {
  const before = process.cpuUsage();
  for (const occurrence of findOccurrences(text, { routes, hosts, isJson: false })) void occurrence;
  const { user } = process.cpuUsage(before);
  return user / 1_000;
}

/** Texts of about a length, made to be slow. */
const ATTACKS: Readonly<Record<string, (length: number) => string>> = {
  "closing parentheses": (n) => filled(`${IMAGE}/a.png${")".repeat(8_000)} `, n),
  "opening parentheses": (n) => filled(`(${IMAGE}/a.png${"(".repeat(8_000)} `, n),
  commas: (n) => filled(`${IMAGE}/a.png${",".repeat(8_000)} `, n),
  "question marks": (n) => filled(`${IMAGE}/a${"?a".repeat(4_000)} `, n),
  "URLs without anything between": (n) => filled(`${IMAGE}/a`, n),
  "hosts without anything between": (n) => filled("ref.supabase.co", n),
  "hosts behind slashes": (n) => filled("//ref.supabase.co", n),
  backslashes: (n) => filled(`${IMAGE}/a${"\\".repeat(8_000)} `, n),
  "escapes of escapes": (n) => filled(`${"%25".repeat(100)}2Fref.supabase.co`, n),
  entities: (n) => filled(`${IMAGE}/a?${"&amp;".repeat(1_500)} `, n),
  "parameters of parameters": (n) => filled(`?u=${encodeURIComponent(`${IMAGE}/a?u=`)}`, n),
  "URLs of other projects": (n) => filled(`${IMAGE.replace("ref.", "other.")}${"/a".repeat(2_000)} `, n),
  "blanks within quotes": (n) => filled(`"${IMAGE}/a ${"b ".repeat(4_000)}"`, n),
  "arrays in arrays": (n) => `${"[".repeat(n / 2)}"${IMAGE}/a"${"]".repeat(n / 2)}`,
  "JSON that ends too early": (n) => `[${filled(`"${IMAGE}/a",`, n)}`,
  "one endless URL": (n) => `${IMAGE}/${"a".repeat(n)}`,
};

describe("a text takes time by its length, whatever was put into it", () => {
  test.each(Object.entries(ATTACKS))("%s", (_name, attack) => {
    workMs(attack(40_000));
    const short = Math.max(workMs(attack(100_000)), 20);
    // Ten times the text. Squared time would be a hundred times the work.
    expect(workMs(attack(1_000_000)) / short).toBeLessThan(40);
  });

  test("ten million characters with a URL in every thousand are read in less than a second and a half of work", () => {
    const text = filled(`${"lorem ipsum dolor sit amet ".repeat(40)}![x](${IMAGE}/a%20b.png) `, 10_000_000);
    workMs(text);
    expect(workMs(text)).toBeLessThan(1_500);
  });

  test("a text without any host is passed over about as fast as it can be searched", () => {
    const text = filled("lorem ipsum https://example.com/a dolor sit amet ", 10_000_000);
    const search = (): number => {
      const before = process.cpuUsage();
      for (const { texts } of hosts.signs) {
        for (const one of texts) if (text.includes(one)) throw new Error(one);
      }
      return process.cpuUsage(before).user / 1_000;
    };
    const times = Array.from({ length: 5 }, () => [workMs(text), search()] as const);
    const best = (all: readonly number[]): number => Math.max(1, Math.min(...all));
    expect(best(times.map(([own]) => own)) / best(times.map(([, least]) => least))).toBeLessThan(5);
  });
});
