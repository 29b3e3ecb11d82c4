// Entry of the desk's scripts. Every page works without them; they add live updates, uploads with progress and keys.
import { startLive } from "./live.js";
import { startAlerts } from "./alerts.js";
import { startPages } from "./pages.js";
import { startUploads } from "./uploads.js";
import { startRows } from "./rows.js";
import { startControls } from "./controls.js";
import { startSearch } from "./search.js";
import { startFiles } from "./files.js";
import { startViewer } from "./viewer.js";

startControls();
startUploads();
startRows();
startSearch();
startFiles();
startViewer();
if (document.body.dataset.live) {
  startLive(document.body.dataset.live);
  startPages();
  startAlerts();
}
