# The example configuration: always with the documentation, and in /etc only where the administrator has none yet.
set(configuration ${PROJECT_SOURCE_DIR}/config/closesyncd.conf)
install(FILES ${configuration} DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(CODE "
  if(NOT EXISTS \"\$ENV{DESTDIR}/etc/closesyncd/closesyncd.conf\")
    file(INSTALL \"${configuration}\" DESTINATION /etc/closesyncd)
  endif()")

# Manual pages, where scdoc is there to make them.
find_program(SCDOC scdoc)
if(SCDOC)
  foreach(page closesyncd.1 closesyncd.conf.5)
    set(source ${PROJECT_SOURCE_DIR}/config/${page}.scd)
    set(made ${PROJECT_BINARY_DIR}/${page})
    add_custom_command(OUTPUT ${made} COMMAND sh -c "exec \"$1\" <\"$2\" >\"$3\"" sh ${SCDOC} ${source} ${made} DEPENDS ${source} VERBATIM)
    list(APPEND manual ${made})
    string(REGEX MATCH "[0-9]$" chapter ${page})
    install(FILES ${made} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${chapter})
  endforeach()
  add_custom_target(manual ALL DEPENDS ${manual})
endif()
