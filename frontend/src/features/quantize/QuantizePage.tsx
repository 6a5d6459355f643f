/** Store a model in smaller types and see what each costs and brings: form, progress, table, plot, past reports. */
import { Alert, Badge, Button, Group, Paper, Select, Stack, Text, Title } from "@mantine/core";
import { IconScale } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useMachine } from "@/shared/api/workspace";
import { RelativeTime } from "@/shared/ui/bits";
import { EmptyState, Loaded } from "@/shared/ui/states";
import { JobLog, JobProgress } from "./JobProgress";
import { QuantizeForm } from "./QuantizeForm";
import { isPending, useQuantizations, type Quantization } from "./quantizations";
import { ReportPlot } from "./ReportPlot";
import { ReportTable } from "./ReportTable";

export function QuantizePage() {
  const { t } = useTranslation();
  const isMachineAdmin = useMachine();
  const jobs = useQuantizations();
  const [query, setQuery] = useSearchParams();
  const [opened, setOpened] = useState(false);
  useArrivals(jobs.data);
  const show = (id: string) => setQuery({ report: id }, { replace: true });
  return (
    <Stack gap="lg" component="section" aria-label={t("quantize.title")}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Text size="sm" c="dimmed" maw={720}>
          {t("quantize.hint")}
        </Text>
        {isMachineAdmin && !opened && (
          <Button style={{ flex: "none" }} onClick={() => setOpened(true)}>
            {t("quantize.new")}
          </Button>
        )}
      </Group>
      {opened && (
        <QuantizeForm
          onStarted={(job) => {
            setOpened(false);
            show(job.id);
          }}
        />
      )}
      <Loaded query={jobs}>
        {(found) => {
          const ended = found.filter((job) => !isPending(job));
          const shown = ended.find((job) => job.id === query.get("report")) ?? ended[0];
          return (
            <>
              {found.filter(isPending).map((job) => (
                <JobProgress key={job.id} job={job} />
              ))}
              {found.length === 0 && !opened && <EmptyState icon={IconScale} title={t("quantize.none")} text={t("quantize.noneHint")} />}
              {shown && <Ended job={shown} all={ended} onShow={show} />}
            </>
          );
        }}
      </Loaded>
    </Stack>
  );
}

/** Once a job ends there are new models to list. */
function useArrivals(jobs: Quantization[] | undefined) {
  const client = useQueryClient();
  const waited = useRef(new Set<string>());
  useEffect(() => {
    for (const job of jobs ?? []) {
      if (isPending(job)) waited.current.add(job.id);
      else if (waited.current.delete(job.id)) {
        void client.invalidateQueries({ queryKey: ["local-models"] });
        void client.invalidateQueries({ queryKey: ["models"] });
      }
    }
  }, [jobs, client]);
}

function Ended({ job, all, onShow }: { job: Quantization; all: Quantization[]; onShow: (id: string) => void }) {
  const { t, i18n } = useTranslation();
  const when = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "short" });
  return (
    <Paper p="lg" component="section" aria-label={t("quantize.report")}>
      <Stack gap="md">
        <Group justify="space-between" align="flex-start">
          <Group gap="xs">
            <Title order={2}>{job.source}</Title>
            <Badge variant="light" color={job.status === "finished" ? "accent" : job.status === "failed" ? "red" : "gray"}>
              {t(`quantize.status.${job.status}`)}
            </Badge>
            <Text size="xs" c="dimmed" component="span">
              <RelativeTime at={job.created_at} />
            </Text>
          </Group>
          {all.length > 1 && (
            <Select size="xs" w={320} maw="100%" aria-label={t("quantize.past")} allowDeselect={false} value={job.id} onChange={(id) => id && onShow(id)} data={all.map((one) => ({ value: one.id, label: `${when.format(new Date(one.created_at))} · ${one.source}` }))} />
          )}
        </Group>
        {job.reason && (
          <Alert color={job.status === "failed" ? "red" : "gray"} variant="light" role="alert">
            {job.reason}
          </Alert>
        )}
        {job.report ? (
          <>
            {job.report.recommended && (
              <Alert variant="light" color="accent" title={t("quantize.recommendedIs", { type: job.report.recommended })}>
                {job.report.reason}
                <Text size="xs" mt={4}>
                  {t("quantize.rule", { rule: job.report.rule })}
                </Text>
              </Alert>
            )}
            <ReportPlot report={job.report} />
            <ReportTable report={job.report} />
            <Text size="xs" c="dimmed">
              {t("quantize.measured", { text: job.report.text, tokens: job.report.tokens, cores: job.report.threads })}
              {job.report.calibration && ` ${t("quantize.calibratedWith", { text: job.report.calibration })}`}
              {job.report.note && ` ${job.report.note}.`}
            </Text>
            {job.installed.length > 0 && <Text size="sm">{t("quantize.installed", { names: job.installed.join(", ") })}</Text>}
          </>
        ) : (
          <JobLog lines={job.log} />
        )}
      </Stack>
    </Paper>
  );
}
