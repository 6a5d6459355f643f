/** Which features bring jobs to the tray: one line each. A module named here is loaded with the page, so it stays small. */
import { batchJobs } from "@/shared/jobs/batches";
import { exportJobs } from "@/shared/jobs/exports";
import { indexingJobs } from "@/shared/jobs/indexing";
import { registerJobs } from "@/shared/jobs/jobs";
import { modelJobs, quantizeJobs } from "@/shared/jobs/models";

registerJobs(indexingJobs);
registerJobs(batchJobs);
registerJobs(modelJobs);
registerJobs(quantizeJobs);
registerJobs(exportJobs);
