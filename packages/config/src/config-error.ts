/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** Where it is, as one would write it in code: `routes[0].target.bucket`. Empty for the file as a whole. */
  readonly path: string;
  /** What is wrong with the value; never the value of a secret. */
  readonly message: string;
  /** What to write instead. */
  readonly fix?: string | undefined;
}

/** All that is wrong with a configuration, at once: nobody should have to mend it one run at a time. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly file: string;
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[], cause?: unknown) {
    super(
      `${file}: ${problems.length === 1 ? "1 problem" : `${problems.length} problems`}\n${problems.map(describeProblem).join("\n")}`,
      cause === undefined ? undefined : { cause },
    );
    this.file = file;
    this.problems = problems;
  }
}

export function describeProblem({ path, message, fix }: ConfigProblem): string {
  const where = path === "" ? "" : `${path}: `;
  return `  - ${where}${message}${fix === undefined ? "" : ` ${fix}`}`;
}

/** `['routes', 0, 'target']` as `routes[0].target`. */
export function pathOf(segments: readonly (PropertyKey | { readonly key: PropertyKey })[]): string {
  return segments
    .map((segment) => (typeof segment === "object" ? segment.key : segment))
    .reduce<string>(
      (path, key) =>
        typeof key === "number" ? `${path}[${key}]` : path === "" ? String(key) : `${path}.${String(key)}`,
      "",
    );
}
