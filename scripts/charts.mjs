// What static/js uses of Chart.js; scripts/frontend bundles exactly this into build/, as window.Chart.
import { BarController, BarElement, CategoryScale, Chart, LinearScale, LineController, LineElement, PointElement, Tooltip } from "chart.js";

Chart.register(BarController, BarElement, CategoryScale, LinearScale, LineController, LineElement, PointElement, Tooltip);
globalThis.Chart = Chart;
