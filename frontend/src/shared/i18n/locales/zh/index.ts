/** The catalogue of one language, one file per area. */
import analytics from "./analytics.json";
import annotations from "./annotations.json";
import alerts from "./alerts.json";
import apps from "./apps.json";
import batches from "./batches.json";
import build from "./build.json";
import common from "./common.json";
import errors from "./errors.json";
import evaluations from "./evaluations.json";
import home from "./home.json";
import jobs from "./jobs.json";
import knowledge from "./knowledge.json";
import limits from "./limits.json";
import models from "./models.json";
import prompts from "./prompts.json";
import published from "./published.json";
import palette from "./palette.json";
import passage from "./passage.json";
import quantize from "./quantize.json";
import runs from "./runs.json";
import session from "./session.json";
import settings from "./settings.json";
import site from "./site.json";
import tools from "./tools.json";
import templates from "./templates.json";
import workflow from "./workflow.json";

export default { analytics, alerts, annotations, apps, batches, build, common, errors, evaluations, home, jobs, knowledge, limits, models, prompts, published, palette, passage, quantize, runs, session, settings, site, tools, templates, workflow };
