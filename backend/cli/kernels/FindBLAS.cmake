# Gives ggml's BLAS backend the OpenBLAS of a Python wheel: found first, through CMAKE_MODULE_PATH.
# ATELIER_OPENBLAS is the folder of the unpacked wheel's package; its library is installed beside llama.cpp's own.

find_package(OpenMP REQUIRED COMPONENTS C CXX)
set(ATELIER_OPENBLAS_LIBRARY "${ATELIER_OPENBLAS}/lib/libscipy_openblas.so")

add_library(split_sgemm STATIC "${CMAKE_CURRENT_LIST_DIR}/split_sgemm.c")
set_target_properties(split_sgemm PROPERTIES POSITION_INDEPENDENT_CODE ON)
# The folder of cblas.h; ggml's headers for the table of types.
target_include_directories(split_sgemm PRIVATE "${CMAKE_CURRENT_LIST_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}/../../include")
# What ggml's own code for the processor is compiled with, on which q4_1_gemm.h depends.
target_compile_options(split_sgemm PRIVATE "$<TARGET_PROPERTY:ggml-cpu,COMPILE_OPTIONS>")
target_compile_definitions(split_sgemm PRIVATE "$<TARGET_PROPERTY:ggml-cpu,COMPILE_DEFINITIONS>")
target_link_libraries(split_sgemm PUBLIC OpenMP::OpenMP_C OpenMP::OpenMP_CXX "${ATELIER_OPENBLAS_LIBRARY}")

# ggml's own CMake file leaves this out for the backend, whose dequantization would then start threads for each call.
add_compile_definitions(GGML_USE_OPENMP)
# The folder of this build goes away: the library is found beside the others ($ORIGIN).
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH FALSE)
install(FILES "${ATELIER_OPENBLAS_LIBRARY}" DESTINATION "${SKBUILD_PLATLIB_DIR}/llama_cpp/lib")

set(BLAS_FOUND TRUE)
set(BLAS_LIBRARIES split_sgemm)
set(BLAS_INCLUDE_DIRS "${CMAKE_CURRENT_LIST_DIR}")

# Quantized weights are converted for each product, by code of the base library, which ggml compiles for any processor.
if (GGML_NATIVE)
    target_compile_options(ggml-base PRIVATE -march=native)
endif()
