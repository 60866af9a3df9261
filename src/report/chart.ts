/**
 * Owns how a chart becomes SVG: drawn once by echarts, then stripped of all that a page does not need, with colours
 * that follow the page by day and by night.
 * Refuses to know what is charted.
 */

import { type EChartsCoreOption, init } from "echarts/dist/echarts.esm.min";
import { escapeMarkup, type Markup, raw } from "./page-markup.ts";

export const CHART_WIDTH = 480;
const CHART_HEIGHT = 220;

/** Colours as echarts knows them, each of which stands for a variable of the page's style sheet. */
export const TONE = {
  ink: "#a00001",
  dim: "#a00002",
  line: "#a00003",
  first: "#a00004",
  second: "#a00005",
  third: "#a00006",
  fourth: "#a00007",
  shade: "#a00008",
  bad: "#a00009",
  page: "#a0000a",
  /** Not drawn at all. */
  none: "#a0000b",
} as const;
export type Tone = keyof typeof TONE;

/** What one mark says when it is pointed at: by series and place in it. */
export type MarkTitle = (series: number, place: number) => string;

export interface ChartRequest {
  /** Names the chart among those of its page. */
  readonly name: string;
  /** What is to be seen, for those who cannot see it. */
  readonly label: string;
  readonly option: EChartsCoreOption;
  readonly height?: number;
  readonly title?: MarkTitle;
}

/** The chart as SVG, without styles, scripts and fixed size. The same request gives the same text. */
export function drawChart(request: ChartRequest): Markup {
  const height = request.height ?? CHART_HEIGHT;
  const chart = init(null, null, { renderer: "svg", ssr: true, width: CHART_WIDTH, height });
  chart.setOption({ animation: false, ...request.option });
  const svg = chart.renderToSVGString();
  // One that is not disposed of keeps the process alive.
  chart.dispose();
  const body = svg.slice(svg.indexOf(">") + 1).replace(/<\/svg>\s*$/, "");
  const open = `<svg class="chart" role="img" aria-label="${escapeMarkup(request.label)}" viewBox="0 0 ${CHART_WIDTH} ${height}" xmlns="http://www.w3.org/2000/svg">`;
  return raw(`${open}${cleaned(body, request)}</svg>`);
}

function cleaned(body: string, { name, title }: ChartRequest): string {
  return coloured(
    body
      .replace(/<style >[\s\S]*?<\/style>/g, "")
      .replace(/<rect [^>]*fill="none"[^>]*><\/rect>/g, "")
      .replace(new RegExp(`<path [^>]*(?:fill|stroke)="${TONE.none}"[^>]*></path>\\n?`, "g"), "")
      .replace(
        /(ecmeta_series_index="(\d+)" ecmeta_data_index="(\d+)"[^>]*>)(?=<\/path>)/g,
        (whole, tag, series, place) => {
          const text = title?.(Number(series), Number(place)) ?? "";
          return text === "" ? whole : `${tag}<title>${escapeMarkup(text)}</title>`;
        },
      )
      .replace(/ (?:ecmeta_\w+|class|pointer-events|dominant-baseline)="[^"]*"/g, (attribute) =>
        attribute.startsWith(" dominant") ? attribute : "",
      )
      // echarts numbers its charts by how many there were before; a page's text must not depend on that.
      .replace(/zr\d+-/g, `${name}-`)
      .replace(/font-family:[^;]*;/g, "")
      .replace(/(\d\.\d{2})\d+/g, "$1"),
  );
}

function coloured(body: string): string {
  let text = body;
  for (const [tone, colour] of Object.entries(TONE)) text = text.replaceAll(colour, `var(--${tone})`);
  return text;
}
