import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { kernel, MOST_LANES } from "../src/kernel.ts";
import { BLOCK_BYTES, INITIAL_STATE } from "../src/md5-steps.ts";
import { openBlock } from "../src/open-block.ts";

const BLOCKS = 3;

describe.each([
  ["with vectors", true],
  ["without vectors, as on old processors", false],
])("%s", (_, vectors) => {
  it.each(Array.from({ length: MOST_LANES }, (_, i) => i + 1))("%i lanes are hashed each on its own", (lanes) => {
    const { input, setState, getState, run } = kernel(vectors);
    const bodies = Array.from({ length: lanes }, (_, lane) => Buffer.alloc(BLOCKS * BLOCK_BYTES, `lane ${lane}, `));
    const load = (pieceOf: (lane: number) => Uint8Array): void => {
      for (let lane = 0; lane < lanes; lane += 1) input(lane).set(pieceOf(lane));
    };
    for (let lane = 0; lane < lanes; lane += 1) setState(lane, Int32Array.from(INITIAL_STATE));
    load((lane) => bodies[lane] ?? new Uint8Array());
    run(lanes, BLOCKS);
    load((lane) => {
      const open = openBlock();
      open.add(bodies[lane] ?? new Uint8Array());
      return open.end();
    });
    run(lanes, 1);
    const digests = bodies.map((_, lane) => {
      const state = new Int32Array(4);
      getState(lane, state);
      return Buffer.from(state.buffer).toString("hex");
    });
    expect(digests).toEqual(bodies.map((body) => createHash("md5").update(body).digest("hex")));
  });
});
