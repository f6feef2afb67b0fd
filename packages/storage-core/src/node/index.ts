/** For programs on Node.js that move bodies; the rest of this package runs wherever the web standards do. */
export { bodyGarbage, type BodyGarbageOptions } from "./body-garbage.ts";
export { exposedCollector, type Collect } from "./exposed-collector.ts";
export { makeFolder } from "./make-folder.ts";
