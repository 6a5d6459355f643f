/** What the app did for the answer, by name: one line that unfolds to the list. */
import { Collapse, Loader, Text, UnstyledButton } from "@mantine/core";
import { IconCheck, IconChevronRight, IconMinus, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { formatDuration } from "@/shared/format/numbers";
import type { StepShown } from "./api";
import classes from "./published.module.css";

export function Steps({ steps, live }: { steps: StepShown[]; live: boolean }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const current = steps.at(-1);
  if (!current) return null;
  return (
    <div className={classes.steps}>
      <UnstyledButton className={classes.stepsHead} onClick={() => setOpen(!open)} aria-expanded={open}>
        <IconChevronRight size={14} className={classes.chevron} data-open={open || undefined} />
        <Text size="xs" c="dimmed" fw={500}>
          {t("published.steps")}
        </Text>
        <Text size="xs" c="dimmed" truncate miw={0}>
          {live ? current.title : steps.length}
        </Text>
      </UnstyledButton>
      <Collapse expanded={open}>
        <ol className={classes.rows}>
          {steps.map((step) => (
            <li key={step.node_id} className={classes.step}>
              <StepSign status={step.status} live={live} />
              <Text size="sm" truncate flex={1} miw={0}>
                {step.title}
                {step.tools.length > 0 && <span className="mono"> {step.tools.map((tool) => tool.name).join(", ")}</span>}
              </Text>
              {step.elapsed_ms !== null && (
                <Text size="xs" c="dimmed" className="numbers">
                  {formatDuration(step.elapsed_ms)}
                </Text>
              )}
            </li>
          ))}
        </ol>
      </Collapse>
    </div>
  );
}

function StepSign({ status, live }: { status: string; live: boolean }) {
  const { t } = useTranslation();
  if (status === "succeeded") return <IconCheck size={14} color="var(--accent-text)" aria-label={t("published.step.succeeded")} />;
  if (status === "failed" || status === "exception") return <IconX size={14} color="var(--danger-text)" aria-label={t("published.step.failed")} />;
  return live ? <Loader size={12} aria-label={t("published.step.running")} /> : <IconMinus size={14} aria-hidden />;
}
