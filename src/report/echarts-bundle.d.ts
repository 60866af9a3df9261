/**
 * Owns the types of echarts as one file, which loads sooner than its 600 modules.
 * Refuses to declare more of it than is drawn with.
 */

declare module "echarts/dist/echarts.esm.min" {
  export { type EChartsCoreOption, init } from "echarts/core";
}
