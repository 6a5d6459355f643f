/** The settings of a dataset, one section at a time; which one stands in the address. */
import { Box, Select, Tabs } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import classes from "../knowledge.module.css";
import { useAddress } from "../useAddress";
import { ChunkingSection } from "./ChunkingSection";
import { DangerSection } from "./DangerSection";
import { EmbeddingSection } from "./EmbeddingSection";
import { GeneralSection } from "./GeneralSection";
import { MetadataSection } from "./MetadataSection";
import { RetrievalSection } from "./RetrievalSection";

const SECTIONS = {
  general: GeneralSection,
  chunking: ChunkingSection,
  embedding: EmbeddingSection,
  retrieval: RetrievalSection,
  metadata: MetadataSection,
  danger: DangerSection,
} as const;

type SectionName = keyof typeof SECTIONS;
const NAMES = Object.keys(SECTIONS) as SectionName[];

export function DatasetSettings({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const { get, put } = useAddress();
  const narrow = useMediaQuery("(max-width: 860px)");
  const section = NAMES.find((name) => name === get("section")) ?? "general";
  const Shown = SECTIONS[section];
  const show = (name: string | null) => put({ section: name === "general" ? null : name });
  if (narrow) {
    return (
      <>
        <Select
          mb="md"
          aria-label={t("knowledge.tabs.settings")}
          data={NAMES.map((name) => ({ value: name, label: t(`knowledge.sections.${name}`) }))}
          value={section}
          onChange={show}
          allowDeselect={false}
        />
        <Shown dataset={dataset} />
      </>
    );
  }
  return (
    <Tabs value={section} onChange={show} orientation="vertical" variant="pills" keepMounted={false} classNames={{ tab: classes.section, tabLabel: classes.sectionLabel }}>
      <Tabs.List w={190} mr="xl" style={{ flex: "none" }}>
        {NAMES.map((name) => (
          <Tabs.Tab key={name} value={name}>
            {t(`knowledge.sections.${name}`)}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value={section}>
        <Box miw={0}>
          <Shown dataset={dataset} />
        </Box>
      </Tabs.Panel>
    </Tabs>
  );
}
