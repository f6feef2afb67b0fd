/** Pieces of one work, several under way at once. The first failure ends the others, and is what the work fails with. */
export interface UntilFailure {
  /** Aborted with the work's own signal, and by the first failure. */
  readonly signal: AbortSignal;
  /** Takes a piece; answers with its end, whether it went well or not. */
  begin(piece: Promise<void>): Promise<void>;
  fail(error: unknown): void;
  /** Resolves when all pieces have ended. Rejects with the first failure, then too. */
  end(): Promise<void>;
}

export function untilFailure(signal: AbortSignal): UntilFailure {
  const failing = new AbortController();
  const underway = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    failing.abort(error);
  };
  return {
    signal: AbortSignal.any([signal, failing.signal]),
    begin(piece) {
      const ended: Promise<void> = piece.catch(fail).finally(() => underway.delete(ended));
      underway.add(ended);
      return ended;
    },
    fail,
    async end() {
      await Promise.all(underway);
      if (failure !== undefined) throw failure.error;
    },
  };
}
