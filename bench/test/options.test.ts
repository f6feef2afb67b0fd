import { describe, expect, it } from "vitest";
import { argumentsOf } from "../apart.ts";
import { benchOptions, UsageError } from "../options.ts";

const KNOWN = ["copy-small", "ledger"];

describe("the command line of the benchmarks", () => {
  it("has defaults for all: every benchmark, five rounds, 32 at once, all services", () => {
    expect(benchOptions([], KNOWN)).toMatchObject({ names: [], rounds: 5, concurrency: 32, on: "all", asBuilt: false });
  });

  it("takes names and options in any order", () => {
    const options = benchOptions(["--rounds", "9", "ledger", "--json", "a.json", "--on", "local"], KNOWN);
    expect(options).toMatchObject({ names: ["ledger"], rounds: 9, jsonFile: "a.json", on: "local" });
  });

  it("can be said again, for a benchmark in a process of its own", () => {
    const said = [
      "--rounds",
      "2",
      "--size",
      "4096",
      "--endpoint",
      "http://a",
      "--on",
      "local",
      "--reclaim",
      "true ; b",
    ];
    const options = benchOptions(said, KNOWN);
    expect(benchOptions(argumentsOf(options), KNOWN)).toEqual(options);
  });

  it.each([
    [["copy-smal"], "No benchmark is called copy-smal; there are: copy-small, ledger."],
    [["--rounds", "0"], '--rounds is "0"; give a whole number from 1.'],
    [["--size", "4KiB"], '--size is "4KiB"; give a whole number from 1.'],
    [["--on", "ceph"], '--on is "ceph"; give one of all, local, external.'],
    [["--faster"], "--faster"],
  ])("refuses %s and says what it may be", (args, message) => {
    expect(() => benchOptions(args, KNOWN)).toThrow(UsageError);
    expect(() => benchOptions(args, KNOWN)).toThrow(message);
  });
});
