/** What a provider said when it was tried. */
import { Alert } from "@mantine/core";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { ProviderTest } from "@/shared/api/types";
import { formatDuration } from "@/shared/format/numbers";

export function TestResult({ result }: { result: ProviderTest }) {
  const { t } = useTranslation();
  return (
    <Alert
      color={result.ok ? "accent" : "red"}
      variant="light"
      role="status"
      icon={result.ok ? <IconCheck size={18} /> : <IconAlertTriangle size={18} />}
      title={result.ok ? t("models.testOk", { time: formatDuration(result.latency_ms), count: result.models.length }) : t("models.testFailed")}
    >
      {result.ok ? null : result.message}
    </Alert>
  );
}
