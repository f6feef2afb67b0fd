import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Inside the examples' package, since that one may import every package, as a reader's own program would. */
const SCRATCH = "examples/snippets.generated";

/**
 * Compiles every `ts` fence of every document against the packages, so that no document can show what does not exist.
 * A fence that says ```ts file=examples/x.ts must also be that file, to the letter.
 */
export function checkSnippets(): boolean {
  const documents = globSync("**/*.md", { exclude: (name) => /(^|\/)(node_modules|dist|\.changeset)$/.test(name) });
  const fences = documents.toSorted().flatMap((document) => fencesOf(document, readFileSync(document, "utf8")));
  const stale = fences.filter(
    ({ file, code }) => file !== undefined && readFileSync(file, "utf8").trim() !== code.trim(),
  );
  for (const { document, line, file } of stale)
    console.error(`${document}:${line}: the fence is not ${file} any more.`);
  return compiles(fences) && stale.length === 0;
}

interface Fence {
  readonly document: string;
  /** Of the first line of code, counted from 1. */
  readonly line: number;
  readonly code: string;
  readonly file: string | undefined;
}

function fencesOf(document: string, text: string): Fence[] {
  return [...text.matchAll(/^```ts(?: file=(\S+))?\n([\s\S]*?)^```$/gm)].map((match) => ({
    document,
    line: text.slice(0, match.index).split("\n").length + 1,
    code: match[2] ?? "",
    file: match[1],
  }));
}

function compiles(fences: readonly Fence[]): boolean {
  rmSync(SCRATCH, { recursive: true, force: true });
  mkdirSync(SCRATCH, { recursive: true });
  try {
    const names = new Map(fences.map((fence, index) => [`snippet-${index}.ts`, fence]));
    for (const [name, { code }] of names) {
      // A fence is a module of its own, also when it imports nothing.
      writeFileSync(join(SCRATCH, name), `${code}\nexport {};\n`);
    }
    writeFileSync(
      join(SCRATCH, "tsconfig.json"),
      JSON.stringify({
        extends: "../../tsconfig.base.json",
        compilerOptions: { noEmit: true, noUnusedLocals: false, noUnusedParameters: false },
        include: ["*.ts"],
      }),
    );
    const { status, stdout } = spawnSync("tsc", ["-p", SCRATCH, "--pretty", "false"], { encoding: "utf8" });
    process.stderr.write(
      stdout.replaceAll(/^.*?(snippet-\d+\.ts)\((\d+),/gm, (all, name: string, line: string) => {
        const fence = names.get(name);
        return fence === undefined ? all : `${fence.document}:${fence.line + Number(line) - 1} (`;
      }),
    );
    return status === 0;
  } finally {
    rmSync(SCRATCH, { recursive: true, force: true });
  }
}
