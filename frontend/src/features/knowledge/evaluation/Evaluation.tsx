/** Measures how well a dataset is searched: test sets of questions, and settings compared on them. */
import { Box, Button, Group, SegmentedControl, Select, Stack } from "@mantine/core";
import { IconFlask, IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import type { TestSet } from "@/shared/api/retrievalTypes";
import { useMay } from "@/shared/api/workspace";
import { EmptyState, Loaded } from "@/shared/ui/states";
import { useAddress } from "../useAddress";
import { Cases } from "./Cases";
import { Compare } from "./Compare";
import { NewTestSet } from "./NewTestSet";
import { useTestSets } from "./queries";
import { TestSetMenu } from "./TestSetMenu";

export function Evaluation({ dataset }: { dataset: Dataset }) {
  const sets = useTestSets(dataset.id);
  return <Loaded query={sets}>{(list) => <WithSets dataset={dataset} sets={list} />}</Loaded>;
}

function WithSets({ dataset, sets }: { dataset: Dataset; sets: TestSet[] }) {
  const { t } = useTranslation();
  const may = useMay();
  const { get, put } = useAddress();
  const [making, setMaking] = useState(false);
  const chosen = sets.find((set) => set.id === get("set")) ?? sets[0];
  const view = get("show") === "cases" || (chosen?.case_count === 0 && get("show") === "") ? "cases" : "compare";
  const create = may.edit && (
    <Button variant={chosen ? "default" : "filled"} leftSection={<IconPlus size={16} />} onClick={() => setMaking(true)}>
      {t("knowledge.newTestSet")}
    </Button>
  );
  return (
    <Stack>
      {chosen ? (
        <Group gap="xs">
          <Select
            aria-label={t("knowledge.testSet")}
            data={sets.map((set) => ({ value: set.id, label: `${set.name} (${set.case_count})` }))}
            value={chosen.id}
            onChange={(id) => put({ set: id, run: null, setting: null, show: null })}
            allowDeselect={false}
            flex={1}
            miw={{ base: "100%", xs: 200 }}
            maw={{ xs: 340 }}
          />
          <SegmentedControl
            aria-label={t("knowledge.view")}
            value={view}
            onChange={(value) => put({ show: value })}
            data={[
              { value: "compare", label: t("knowledge.compare") },
              { value: "cases", label: t("knowledge.cases", { count: chosen.case_count }) },
            ]}
          />
          <Group gap="xs" ml="auto">
            {create}
            {may.edit && <TestSetMenu key={chosen.id} dataset={dataset} set={chosen} />}
          </Group>
        </Group>
      ) : (
        <EmptyState icon={IconFlask} title={t("knowledge.evaluationTitle")} text={t("knowledge.evaluationText")} action={
            <Group gap="xs">
              <Button variant="default" onClick={() => put({ tab: "retrieval" }, true)}>
                {t("knowledge.toRetrievalTest")}
              </Button>
              {create}
            </Group>
          } />
      )}
      {chosen && (
        <Box key={chosen.id}>{view === "cases" ? <Cases dataset={dataset} set={chosen} /> : <Compare dataset={dataset} set={chosen} />}</Box>
      )}
      <NewTestSet
        datasetId={dataset.id}
        opened={making}
        onClose={() => setMaking(false)}
        onMade={(set) => {
          setMaking(false);
          put({ set: set.id, show: "cases", run: null, setting: null });
        }}
      />
    </Stack>
  );
}
