import { pathOf, type ConfigProblem } from "./config-error.ts";
import type { Environment } from "./environment.ts";

/**
 * Replaces every `{ "env": "NAME" }` by the variable's value, at any depth. A variable that is missing or empty is a
 * problem at its place; the value `undefined` stands in for it, so that the other problems can still be found.
 */
export function resolveEnvironment(value: unknown, environment: Environment, problems: ConfigProblem[]): unknown {
  return resolveAt(value, []);

  function resolveAt(node: unknown, path: readonly PropertyKey[]): unknown {
    if (Array.isArray(node)) return node.map((item, index) => resolveAt(item, [...path, index]));
    if (typeof node !== "object" || node === null) return node;
    if (isReference(node)) return lookUp(node.env, path);
    if (Object.getPrototypeOf(node) !== Object.prototype) return node;
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, resolveAt(item, [...path, key])]));
  }

  function lookUp(name: string, path: readonly PropertyKey[]): string | undefined {
    const found = environment[name];
    if (found !== undefined && found !== "") return found;
    problems.push({
      path: pathOf(path),
      message: `takes its value from the environment variable ${name}, which is ${found === "" ? "empty" : "not set"}.`,
      fix: `Set ${name}, or put it into a .env file beside the configuration.`,
    });
    return undefined;
  }
}

/** Paths of all `{ "env": … }` in a configuration: the places that hold secrets. */
function isReference(node: object): node is { env: string } {
  const keys = Object.keys(node);
  return keys.length === 1 && keys[0] === "env" && typeof (node as { env: unknown }).env === "string";
}
