import { LAYOUT, laneModule, oneLaneModule, stateAddress, VECTOR_LANES } from "./kernel-code.ts";
import { STEPS } from "./md5-steps.ts";

/** Most bodies that are hashed at once. */
export const MOST_LANES = LAYOUT.mostGroups * VECTOR_LANES;
/** Most bytes of each body in one call; so many of all of them stay in the processor's second cache. */
export const SLICE_BYTES = 64 * 1024;

const PAGE_BYTES = 64 * 1024;
/** Lanes one page apart would share the same few lines of the first cache. */
const LANE_STRIDE_BYTES = SLICE_BYTES + 320;
const LANES_AT = Math.ceil(LAYOUT.end / 1024) * 1024;

/** The same number of blocks of several bodies. */
export interface Kernel {
  /** Memory that `lane` reads its blocks from, `SLICE_BYTES` long. */
  readonly input: (lane: number) => Uint8Array;
  readonly setState: (lane: number, state: Int32Array) => void;
  readonly getState: (lane: number, state: Int32Array) => void;
  /** Adds `blocks` of each of the first `lanes` inputs to their states. What other lanes hold is no longer of any meaning. */
  readonly run: (lanes: number, blocks: number) => void;
}

type Run = (blocks: number, ...addresses: readonly number[]) => void;

/** Modules are compiled when they are first needed. Without `vectors` one lane runs after the other. */
export function kernel(vectors: boolean = hasVectors()): Kernel {
  const memory = new WebAssembly.Memory({
    initial: Math.ceil((LANES_AT + MOST_LANES * LANE_STRIDE_BYTES) / PAGE_BYTES),
  });
  const words = new Int32Array(memory.buffer);
  const addresses = Array.from({ length: MOST_LANES }, (_, lane) => LANES_AT + lane * LANE_STRIDE_BYTES);
  const inputs = addresses.map((address) => new Uint8Array(memory.buffer, address, SLICE_BYTES));
  for (const [i, { constant }] of STEPS.entries()) {
    words.fill(constant | 0, LAYOUT.constants / 4 + i * VECTOR_LANES, LAYOUT.constants / 4 + (i + 1) * VECTOR_LANES);
  }

  const one = instantiate(oneLaneModule(), memory);
  const wide: Run[] = [];
  const wideOf = (groups: number): Run => (wide[groups] ??= instantiate(laneModule(groups), memory));

  const setState = (lane: number, state: Int32Array): void => {
    for (let word = 0; word < 4; word += 1) words[stateAddress(lane, word) / 4] = state[word] ?? 0;
  };
  const getState = (lane: number, state: Int32Array): void => {
    for (let word = 0; word < 4; word += 1) state[word] = words[stateAddress(lane, word) / 4] ?? 0;
  };

  return {
    input: (lane) => inputs[lane] ?? new Uint8Array(),
    setState,
    getState,
    run(lanes, blocks) {
      if (lanes > 1 && vectors) {
        const groups = Math.ceil(lanes / VECTOR_LANES);
        wideOf(groups)(blocks, ...addresses.slice(0, groups * VECTOR_LANES));
        return;
      }
      for (let lane = 0; lane < lanes; lane += 1) one(blocks, addresses[lane] ?? 0, stateAddress(lane, 0));
    },
  };
}

function instantiate(code: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory): Run {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } });
  return exports["run"] as Run;
}

/** V8 has none on processors of 2008 and older. */
function hasVectors(): boolean {
  return WebAssembly.validate(laneModule(1));
}
