import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { EXIT } from "../src/exit-codes.ts";
import { program } from "../src/program.ts";

const here = (path: string): string => readFileSync(join(import.meta.dirname, "..", path), "utf8");
const readme = here("README.md");
/** Names in back quotes in the first cells of a table's rows. */
const firstCells = (section: string): string[] =>
  (readme.split(`## ${section}\n`)[1]?.split("\n## ")[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .flatMap((line) => [...(line.split(" | ")[0] ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ""));

it("the README has every event that the code has, and no other", () => {
  const typesIn = (source: string): string[] =>
    [...source.matchAll(/readonly type: ("[a-z-]+"(?: \| "[a-z-]+")*)/g)].flatMap((match) =>
      [...(match[1] ?? "").matchAll(/[a-z-]+/g)].map(String),
    );
  const inCode = new Set([...typesIn(here("src/report/events.ts")), ...typesIn(here("src/references/contract.ts"))]);
  const documented = firstCells("`--json`").filter((name) => name !== "type");
  expect(documented.toSorted()).toEqual([...inCode].toSorted());
});

it("the README has every command with every option of its own, and no other", () => {
  const common = ["--config", "--json", "--log-level", "--accept-route-changes"];
  const rows = new Map(
    (readme.split("## Commands")[1]?.split("### Exit codes")[0] ?? "")
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .map((line) => {
        const cells = line.split(/(?<!\\)\|/);
        const name = /`(\w+)/.exec(cells[1] ?? "")?.[1] ?? "";
        return [name, [...(cells[3] ?? "").matchAll(/--[a-z-]+/g)].map(String)];
      }),
  );
  const { commands } = program(() => undefined);
  expect([...rows.keys()].toSorted()).toEqual(commands.map((command) => command.name()).toSorted());
  for (const command of commands) {
    const own = command.options.map((option) => option.long ?? "").filter((option) => !common.includes(option));
    expect({ [command.name()]: rows.get(command.name())?.toSorted() }).toEqual({ [command.name()]: own.toSorted() });
    expect(command.options.map((option) => option.long)).toEqual(expect.arrayContaining(common));
  }
});

it("the README and --help have every exit code", () => {
  const documented = [...readme.matchAll(/^\| (\d+) +\|/gm)].map((match) => Number(match[1]));
  expect(documented).toEqual(Object.values(EXIT));
  let help = "";
  program(() => undefined)
    .configureOutput({ writeOut: (text) => (help += text) })
    .outputHelp();
  for (const code of documented) expect(help).toMatch(new RegExp(`^ +${code} +\\w`, "m"));
});
