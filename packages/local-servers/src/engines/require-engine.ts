/**
 * Passes an engine on to the tests that need it. A missing one is said loudly at a desk, where the tests are then
 * skipped, and is an error in CI (`CI` set), where nobody reads what was skipped.
 */
export function requireEngine<Engine>(name: string, found: Engine | undefined, howToGetIt: string): Engine | undefined {
  if (found !== undefined) return found;
  const message = `No ${name} here, so nothing is tested against it. ${howToGetIt}`;
  if ((process.env["CI"] ?? "") !== "") throw new Error(message);
  process.stderr.write(`\n*** SKIPPED: ${message} ***\n\n`);
  return undefined;
}
