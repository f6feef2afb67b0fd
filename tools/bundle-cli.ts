/**
 * `pnpm build`'s second half: the command line and all it imports in few files, `apps/migrator/bundle`. Most of a short
 * command's time is finding and reading its hundreds of modules; so it starts in half the time.
 *
 * Each command, each adapter and whatever else is imported when it is needed stays a file of its own. `node tools/bundle-cli.ts
 * [FOLDER]` writes to another folder; it has to be beside the package's manifest.
 */
import { readFileSync, rmSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, resolve } from "node:path";
import { rolldown, type OutputChunk } from "rolldown";

const PACKAGE = resolve(import.meta.dirname, "../apps/migrator");
const FOLDER = resolve(process.argv[2] ?? join(PACKAGE, "bundle"));

/** Stay packages of their own: what is compiled for the machine, and what is large and seldom needed. */
const EXTERNAL = [/^@aws-sdk\//, "better-sqlite3", "fast-xml-parser", "pg", "undici"];

const bundle = await rolldown({
  input: { cli: join(PACKAGE, "src/cli.ts"), "copy-child": join(PACKAGE, "src/pipeline/copy-child.ts") },
  platform: "node",
  resolve: { conditionNames: ["@bucketferry/source", "node", "import", "default"] },
  external: EXTERNAL,
});
rmSync(FOLDER, { recursive: true, force: true });
const { output } = await bundle.write({
  dir: FOLDER,
  format: "esm",
  // All side by side: the child process and the manifest are found from the file that asks for them.
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
});
await bundle.close();

const chunks = output.filter((one): one is OutputChunk => one.type === "chunk");
const missing = undeclared(chunks);
if (missing.length > 0) {
  console.error(`apps/migrator/package.json: the bundle imports ${missing.join(", ")}: add it to "dependencies".`);
  process.exitCode = 1;
}

/** Packages that the bundle imports and its manifest does not name: whoever installs it would not get them. */
function undeclared(files: readonly OutputChunk[]): readonly string[] {
  const { dependencies } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const own = new Set(files.map(({ fileName }) => fileName));
  const imported = files.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]);
  return [...new Set(imported)].filter(
    (name) => !own.has(name) && !isBuiltin(name) && !(packageOf(name) in dependencies),
  );
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
