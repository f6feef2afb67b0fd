export { md5Lanes, type LaneHash, type Md5Lanes, type Md5LanesOptions } from "./md5-lanes.ts";
