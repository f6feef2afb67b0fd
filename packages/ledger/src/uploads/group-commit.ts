/** Runs jobs one after another within few transactions; a job's promise resolves when its transaction is on record. */
export type GroupCommit<Db> = (job: (db: Db) => void) => Promise<void>;

interface Waiting<Db> {
  readonly job: (db: Db) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * While one transaction is on its way to the disk, the jobs that arrive wait and make up the next one: nobody waits longer
 * than two transactions take, and however many parts end at once, the disk sees a few. Jobs keep their order. One that
 * fails undoes, and fails, those that share its transaction.
 */
export function groupCommit<Db>(transaction: (work: (db: Db) => void) => Promise<void>, most = 1_000): GroupCommit<Db> {
  const waiting: Waiting<Db>[] = [];
  let running = false;

  const run = async (): Promise<void> => {
    running = true;
    while (waiting.length > 0) {
      const group = waiting.splice(0, most);
      try {
        await transaction((db) => {
          for (const { job } of group) job(db);
        });
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    running = false;
  };

  return (job) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    waiting.push({ job, resolve, reject });
    // A turn later, so that what ends together is recorded together.
    if (!running) {
      running = true;
      setImmediate(() => void run());
    }
    return promise;
  };
}
