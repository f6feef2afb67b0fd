import { afterAll, beforeAll, beforeEach, describe } from "vitest";
import { GROUNDS, openWorld, type World } from "./world.ts";

/**
 * Describes tests once for each ground, over one service that is open while they run. Where an engine
 * is missing at a desk they are skipped.
 */
export function onEveryGround(tests: (started: () => World) => void): void {
  describe.each(Object.keys(GROUNDS))("on %s", (ground) => {
    let world: World | undefined;
    beforeAll(async () => {
      world = await openWorld(ground);
    });
    afterAll(() => world?.close());
    beforeEach((context) => {
      if (world === undefined) context.skip(`no engine for ${ground}`);
    });
    tests(() => {
      if (world === undefined) throw new Error("The test runs without its service.");
      return world;
    });
  });
}
