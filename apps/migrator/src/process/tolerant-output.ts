/**
 * Keeps a command at work whose output cannot be written: it may have copied for hours when the disk of its log is full. What is
 * recorded is in the ledger.
 *
 * A reader that went away, such as `head`, is no failure; any other trouble of `out` is told once, on `errors`.
 */
export function tolerantOutput(
  out: NodeJS.WritableStream,
  errors: NodeJS.WritableStream,
): { readonly isIncomplete: () => boolean } {
  let isIncomplete = false;
  out.on("error", ({ code, message }: NodeJS.ErrnoException) => {
    if (code === "EPIPE" || isIncomplete) return;
    isIncomplete = true;
    errors.write(`error: what is reported cannot be written (${code ?? message}); the work goes on without it.\n`);
  });
  // There is nowhere left to tell it.
  errors.on("error", () => undefined);
  return { isIncomplete: () => isIncomplete };
}
