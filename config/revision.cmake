# The revision of the source into OUTPUT, which is written only when it differs. Run at each build: cmake -DSOURCE=… -DOUTPUT=…
# -DREVISION=… -P. It is asked of git, unless it is given: a source without its .git builds the same with -DREVISION.
if(REVISION)
  set(revision ${REVISION})
  set(status 0)
else()
  execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 OUTPUT_VARIABLE revision
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
endif()
if(NOT status EQUAL 0 OR NOT revision MATCHES "^[A-Za-z0-9._-]+$")
  set(revision unknown) # not a checkout, no git, or another user's
endif()
set(line "#define CLOSESYNCD_REVISION \"${revision}\"\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT line STREQUAL "${before}")
  file(WRITE ${OUTPUT} "${line}")
endif()
