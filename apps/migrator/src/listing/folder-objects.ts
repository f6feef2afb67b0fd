/**
 * Finds keys that are a folder of another key: `a` beside `a/b`. Keys come in byte order, so all keys that begin with `a`
 * follow `a` directly, and a stack as deep as one key is long is enough.
 */
export function folderObjects(): (key: string) => string | undefined {
  const prefixes: string[] = [];
  return (key) => {
    while (prefixes.length > 0 && !key.startsWith(prefixes.at(-1) ?? "")) prefixes.pop();
    const folder = prefixes.find((prefix) => key.startsWith(`${prefix}/`));
    prefixes.push(key);
    return folder;
  };
}
